"""What every task can do, and the file that remembers which task a model was trained for.

text  ->  [task.Task: read, encode, predict, score]  ->  training, runtime

A task never knows what computes the outputs: `Run` may be Keras or LiteRT.

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints, PackedSequence
from albert_tf.text.tokenizer import Tokenizer

TASK_FILE = "albert_task.json"

Floats = NDArray[np.float32]
Run = Callable[[dict[str, Ints]], dict[str, Floats]]


@dataclass(frozen=True)
class Sample:
    """One training input and its targets, by the name of the model output."""

    packed: PackedSequence
    targets: dict[str, int]


class Task(Protocol):
    """A benchmark family. Implementations are frozen dataclasses of plain values."""

    name: ClassVar[str]

    @property
    def sequence_length(self) -> int:
        """Most tokens of one input."""

    def read(self, path: str | Path, limit: int | None = None) -> list[Any]:
        """Reads at most `limit` examples of a file in the layout this task expects."""

    def encode(self, example: Any, tokenizer: Tokenizer) -> list[Sample]:
        """Turns one labelled example into training inputs; none where no answer fits."""

    def predict(self, example: Any, tokenizer: Tokenizer, run: Run) -> Any:
        """Answers one example."""

    def score(self, examples: Sequence[Any], predictions: Sequence[Any]) -> dict[str, float]:
        """Compares answers with labels: percentages from 0 to 100, and `examples`."""


@dataclass(frozen=True)
class TaskModel:
    """A model ready to answer, whatever runs it."""

    task: Task
    tokenizer: Tokenizer
    run: Run

    def predict(self, example: Any) -> Any:
        """Answers one example of the task."""
        return self.task.predict(example, self.tokenizer, self.run)


def task_to_dict(task: Task) -> dict[str, Any]:
    """Returns the settings of a task, its name among them, as JSON values."""
    return {"task": task.name, **asdict(task)}  # type: ignore[call-overload]


def task_from_dict(values: dict[str, Any]) -> Task:
    """Builds the task that `task_to_dict` described.

    Raises:
        ValueError: an unknown task, or settings it does not have.
    """
    # Imported here because each of these modules builds on this one.
    from albert_tf.tasks.classification import ClassificationTask
    from albert_tf.tasks.squad import QuestionAnsweringTask

    settings = dict(values)
    name = settings.pop("task", None)
    for known in (ClassificationTask, QuestionAnsweringTask):
        if known.name == name:
            try:
                return known(**settings)
            except TypeError as error:
                raise ValueError(f"task {name} has wrong settings: {error}.") from error
    raise ValueError(f"unknown task {name!r}; choose classification or question_answering.")


def write_task(task: Task, directory: Path) -> None:
    """Writes `albert_task.json` into a model folder."""
    text = json.dumps(task_to_dict(task), indent=2, ensure_ascii=False) + "\n"
    (directory / TASK_FILE).write_text(text, encoding="utf-8")


def read_task(directory: Path) -> Task:
    """Reads the task a model folder was trained for.

    Raises:
        FileNotFoundError: the folder holds no fine-tuned model.
        ValueError: the file is damaged.
    """
    path = directory / TASK_FILE
    if not path.exists():
        raise FileNotFoundError(f"{directory} holds no fine-tuned model: {TASK_FILE} is missing.")
    try:
        return task_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
