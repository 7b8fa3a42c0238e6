"""The gate on quantization: a smaller file must score about as the float file does.

runtime  ->  [drop.Gate]  ->  report, bundle
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from albert_tf.export.recipes import CALIBRATED_RECIPES, FLOAT_RECIPE
from albert_tf.runtime.engine import Engine
from albert_tf.runtime.model import text_run
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.tasks.mask_filling import MaskFillingTask
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task, TaskModel
from albert_tf.tasks.unscored import AGREEMENT, UnscoredTask

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
_EIGHT_BITS = ("dynamic_wi8_afp32", "weight_only_wi8_afp32", "compat")
# Points of agreement that a file without a score may lose: twice what the Korean ALBERT-base of
# LMkor loses on film reviews, but for gaps in 4 bits, where it loses half of the guesses.
AGREEMENT_BARS = {
    EmbeddingTask.name: {
        "float32": 0.1, "float16": 0.1, **dict.fromkeys(_EIGHT_BITS, 0.3),
        "dynamic_wi4b32_afp32": 8.0,
    },
    MaskFillingTask.name: {
        "float32": 0.1, "float16": 3.0, **dict.fromkeys(_EIGHT_BITS, 25.0),
        "dynamic_wi4b32_afp32": 25.0,
    },
}  # fmt: skip
# Scores that are means over the examples, of which one more or less is accepted.
_COUNTED = {
    ClassificationTask.name: ("accuracy",),
    MultipleChoiceTask.name: ("accuracy",),
    QuestionAnsweringTask.name: ("f1", "best_f1"),
}
_LARGEST_STEP = 5.0  # points that one example may be worth for that


class DropError(ValueError):
    """The file scores too far below the float file."""


@dataclass(frozen=True)
class Drop:
    """What a file loses of the score of the float file, on examples."""

    metric: str
    whole: float  # of the float file, percent
    exported: float  # percent
    examples: int
    accepted: float  # points that may be lost

    @property
    def points(self) -> float:
        """How far the file is below the float file; negative where it is above."""
        return self.whole - self.exported

    def check(self) -> None:
        """Compares the loss with what is accepted.

        Raises:
            DropError: more is lost, or a score is no number.
        """
        if not self.points <= self.accepted + 1e-9:
            raise DropError(
                f"the file must lose at most {self.accepted:g} points of {self.metric}; it loses "
                f"{self.points:.2f} on {self.examples} examples ({self.whole:.2f} to "
                f"{self.exported:.2f}). Choose another recipe, or accept it by --accept-drop."
            )


@dataclass(frozen=True)
class Gate:
    """What an export must show before it is written.

    Raises:
        ValueError: points below 0, a limit below 1, or one of nothing.
    """

    validation: Path | None = None  # examples, labelled where the task has labels
    validation_limit: int | None = None  # the first of them only
    accept_drop: float | None = None  # points; None for the bar of the recipe

    def __post_init__(self) -> None:
        if self.accept_drop is not None and not 0 <= self.accept_drop < math.inf:
            raise ValueError(f"accept_drop must be at least 0 and finite; got {self.accept_drop}.")
        limit = self.validation_limit
        if limit is not None and (limit < 1 or self.validation is None):
            raise ValueError(
                f"validation_limit must be at least 1, with --validation to limit; got {limit}."
            )

    def check_recipe(self, recipe: str, task: Task) -> None:
        """Refuses early what could not be judged later.

        Raises:
            FileNotFoundError: there is no such file of examples.
            ValueError: the recipe changes answers and there is nothing to measure it on, or it
                is one of those without a bar for a task without a score.
        """
        if isinstance(task, UnscoredTask) and recipe in CALIBRATED_RECIPES:
            raise ValueError(
                f"recipe {recipe} has no bar where there is no score, as for {task.name}; choose "
                f"another, such as dynamic_wi8_afp32."
            )
        if self.validation is not None and not self.validation.exists():
            raise FileNotFoundError(f"validation must be examples; got {self.validation}.")
        if recipe != FLOAT_RECIPE and self.validation is None and not self.accept_drop:
            raise ValueError(
                f"recipe {recipe} changes answers, so that must be seen: give --validation, a file "
                f"of examples, or --accept-drop with the points that may be lost unseen."
            )

    def read(self, task: Task) -> list[Any]:
        """The examples to compare files on: labelled ones, or texts for a task without a score.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the examples are not of the task, or there are none.
        """
        if self.validation is None:
            return []
        if not isinstance(task, UnscoredTask):
            return task.read(self.validation, self.validation_limit)
        texts = list(islice(task.stream(self.validation), self.validation_limit))
        if not texts:
            raise ValueError(f"{self.validation} must hold texts; it has none.")
        return texts

    def measure(
        self,
        recipe: str,
        whole: Path | bytes,
        exported: TaskModel,
        examples: Sequence[Any],
        *,
        progress: bool = False,
    ) -> Drop | None:
        """Scores a file beside the float file; None where there are no examples.

        Where a score counts examples and has no step as small as the bar of the recipe, one
        example more or less is accepted, of at least twenty.

        Args:
            recipe: Of the file.
            whole: The float file.
            exported: The file as `runtime.load` opens it.
            examples: As `read` gives them.
            progress: Whether to show progress bars on stderr.

        Raises:
            DropError: it loses more than it may.
        """
        if not examples:
            return None
        before = replace(exported, run=text_run(Engine(whole), exported.tokenizer))
        metric, scores = measure_scores(before, exported, examples, progress=progress)
        accepted = self.accept_drop
        if accepted is None:
            accepted = _bar(recipe, exported.task, metric, len(examples))
        drop = Drop(metric, *scores, len(examples), accepted)
        drop.check()
        return drop


def measure_scores(
    whole: TaskModel, exported: TaskModel, examples: Sequence[Any], *, progress: bool = False
) -> tuple[str, tuple[float, float]]:
    """Scores the float file and another on the same examples.

    Args:
        whole: The float file, or anything that answers alike.
        exported: As `runtime.load` opens it.
        examples: As `Gate.read` gives them.
        progress: Whether to show progress bars on stderr.

    Returns:
        The metric, and the score of each, in percent. Where a task has none, it is how far the
        second agrees with the first.
    """
    task = exported.task
    answers = [
        list(tqdm(
            model.predict_all(examples), f"scoring ({name})", len(examples), disable=not progress
        ))
        for name, model in (("float", whole), ("exported", exported))
    ]  # fmt: skip
    if isinstance(task, UnscoredTask):
        return AGREEMENT, (100.0, task.agreement(*answers))
    before, after = (task.score(examples, found)[task.metric] for found in answers)
    return task.metric, (before, after)


def _bar(recipe: str, task: Task, metric: str, examples: int) -> float:
    """Points that a file of a recipe may lose."""
    bar = AGREEMENT_BARS.get(task.name, BARS)[recipe]
    step = 100 / examples
    counted = metric in _COUNTED.get(task.name, ()) and step <= _LARGEST_STEP
    return max(bar, step) if counted else bar
