"""The gate on quantization: a smaller file must score about as the float file does.

runtime  ->  [drop.Gate]  ->  report, bundle
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from albert_tf.export.heads import PRETRAINED_HEADS as UNSCORED
from albert_tf.export.recipes import CALIBRATED_RECIPES, FLOAT_RECIPE
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import Task, TaskModel

# Points of the task's score that a file of each recipe may lose.
BARS = {
    "float32": 0.1,
    "float16": 0.1,
    "dynamic_wi8_afp32": 0.3,
    "weight_only_wi8_afp32": 0.3,
    "compat": 0.3,
    "static_wi8_ai16": 0.3,
    "dynamic_wi4b32_afp32": 1.0,
    "static_wi8_ai8": 1.0,
}
# Scores that are means over the examples.
_COUNTED = {"accuracy", "f1", "best_f1"}


class DropError(ValueError):
    """The file scores too far below the float file."""


@dataclass(frozen=True)
class Drop:
    """What a file loses of the score of the float file, on labelled examples."""

    metric: str
    whole: float  # of the float file, percent
    exported: float  # percent
    examples: int

    @property
    def points(self) -> float:
        """How far the file is below the float file; negative where it is above."""
        return self.whole - self.exported

    def check(self, bar: float) -> None:
        """Compares the loss with a bar.

        Args:
            bar: Points that may be lost.

        Raises:
            DropError: more is lost, or a score is no number.
        """
        if not self.points <= bar + 1e-9:
            raise DropError(
                f"the file must lose at most {bar:g} points of {self.metric}; it loses "
                f"{self.points:.2f} on {self.examples} examples ({self.whole:.2f} to "
                f"{self.exported:.2f}). Choose another recipe, or accept it by --accept-drop."
            )


@dataclass(frozen=True)
class Gate:
    """What an export must show before it is written.

    Raises:
        ValueError: points below 0.
    """

    validation: Path | None = None  # labelled examples
    validation_limit: int | None = None  # the first of them only
    accept_drop: float | None = None  # points; None for the bar of the recipe

    def __post_init__(self) -> None:
        if self.accept_drop is not None and not self.accept_drop >= 0:
            raise ValueError(f"accept_drop must be at least 0; got {self.accept_drop}.")

    def check_recipe(self, recipe: str, task: Task) -> None:
        """Refuses early what could not be judged later.

        Raises:
            FileNotFoundError: there is no such file of examples.
            ValueError: the recipe changes answers and there is nothing to measure it on, or
                there is no score to measure.
        """
        if task.name in UNSCORED:
            if self.validation is not None:
                raise ValueError(f"{task.name} have no score; leave --validation out.")
            if recipe in CALIBRATED_RECIPES:
                raise ValueError(
                    f"recipe {recipe} must see examples of a task, and {task.name} have none; "
                    f"choose another, such as dynamic_wi8_afp32."
                )
            return
        if self.validation is not None and not self.validation.exists():
            raise FileNotFoundError(f"validation must be a labelled file; got {self.validation}.")
        judged = self.validation is not None or self.accept_drop is not None
        if recipe != FLOAT_RECIPE and not judged:
            raise ValueError(
                f"recipe {recipe} changes answers, so its score must be seen: give --validation, a "
                f"labelled file, or --accept-drop with the points it may lose unseen."
            )

    def measure(
        self, recipe: str, whole: Path | bytes, exported: TaskModel, *, progress: bool = False
    ) -> Drop | None:
        """Scores a file beside the float file; None where there are no labelled examples.

        Where a score counts examples and has no step as small as the bar of the recipe, one
        example more or less is accepted.

        Args:
            recipe: Of the file.
            whole: The float file.
            exported: The file as `runtime.load` opens it.
            progress: Whether to show progress bars on stderr.

        Raises:
            DropError: it loses more than it may.
            ValueError: the examples are not of the task.
        """
        if self.validation is None:
            return None
        examples = exported.task.read(self.validation, self.validation_limit)
        before = replace(exported, run=Engine(whole).run)
        drop = measure_drop(before, exported, examples, progress=progress)
        bar = BARS[recipe]
        if drop.metric in _COUNTED:
            bar = max(bar, 100 / drop.examples)
        drop.check(bar if self.accept_drop is None else self.accept_drop)
        return drop


def measure_drop(
    whole: TaskModel, exported: TaskModel, examples: Sequence[Any], *, progress: bool = False
) -> Drop:
    """Scores a file and the float file on the same examples.

    Args:
        whole: The float file, or anything that answers alike.
        exported: As `runtime.load` opens it.
        examples: Labelled.
        progress: Whether to show progress bars on stderr.
    """
    task = exported.task
    scores = []
    for name, model in (("float", whole), ("exported", exported)):
        answers = model.predict_all(examples)
        bar = tqdm(answers, f"scoring ({name})", len(examples), disable=not progress)
        scores.append(task.score(examples, list(bar))[task.metric])
    before, after = scores
    return Drop(task.metric, before, after, len(examples))
