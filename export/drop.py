"""The gate on quantization: a smaller file must score about as Keras does.

runtime, a Keras model  ->  [drop.measure_drop]  ->  report, bundle
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from albert_tf.tasks.task import TaskModel

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


class DropError(ValueError):
    """The file scores too far below the Keras model."""


@dataclass(frozen=True)
class Drop:
    """What a file loses of the score of the model it was made from, on labelled examples."""

    metric: str
    keras: float  # percent
    exported: float  # percent
    examples: int

    @property
    def points(self) -> float:
        """How far the file is below the model; negative where it is above."""
        return self.keras - self.exported

    def check(self, bar: float) -> None:
        """Compares the loss with a bar.

        One example more or less that is right is always accepted, for the score of few examples
        has no smaller step.

        Args:
            bar: Points that may be lost.

        Raises:
            DropError: more is lost.
        """
        if self.points > max(bar, 100.0 / self.examples) + 1e-9:
            raise DropError(
                f"the file must lose at most {bar:g} points of {self.metric}; it loses "
                f"{self.points:.2f} on {self.examples} examples ({self.keras:.2f} to "
                f"{self.exported:.2f}). Choose another recipe, or accept it by --accept-drop."
            )


def measure_drop(
    keras_model: TaskModel, exported: TaskModel, examples: Sequence[Any], *, progress: bool = False
) -> Drop:
    """Scores a file and the model it was made from on the same examples.

    Args:
        keras_model: As `models` opens it.
        exported: As `runtime.load` opens it.
        examples: Labelled.
        progress: Whether to show progress bars on stderr.
    """
    task = keras_model.task
    scores = []
    for name, model in (("Keras", keras_model), ("file", exported)):
        answers = model.predict_all(examples)
        bar = tqdm(answers, f"scoring ({name})", len(examples), disable=not progress)
        scores.append(task.score(examples, list(bar))[task.metric])
    keras, file = scores
    return Drop(task.metric, keras, file, len(examples))
