"""What every task can do, and the file that remembers which task a model was trained for.

text  ->  [task.Task: read, encode, windows, decode, score]  ->  training, runtime

A task never knows what computes the outputs: `Run` may be Keras or LiteRT.

Shape letters: B sequences, T tokens, W tokens of a passage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints, PackedSequence, pad_batch
from albert_tf.json_file import read_json_object, write_json_object
from albert_tf.text.tokenizer import Tokenizer

TASK_FILE = "albert_task.json"

Floats = NDArray[np.float32]
Run = Callable[[dict[str, Ints]], dict[str, Floats]]


# Batches of one length are drawn from this many, so that sorting saves padding.
_POOL = 16

# What JSON may hold for a setting whose default is of this type; else that type.
_JSON_TYPES: dict[type, tuple[type, ...]] = {
    type(None): (str, type(None)), float: (int, float), tuple: (list, tuple)
}  # fmt: skip


@dataclass(frozen=True)
class Window:
    """One input of a model, and which stretch of a passage it shows."""

    packed: PackedSequence
    offset: int = 0  # place in the input of the first token of the passage
    spans: Sequence[tuple[int, int]] = ()  # [W] characters of the passage
    # Of the W, those that no other window shows with more context.
    own: slice = field(default_factory=partial(slice, None))


@dataclass(frozen=True)
class Sample:
    """One training example and its targets, by the name of the model output.

    It has one input, or one for each option where a model chooses between them.
    """

    inputs: tuple[PackedSequence, ...]
    targets: dict[str, float]

    @property
    def length(self) -> int:
        """Tokens of the longest input."""
        return max(len(packed.token_ids) for packed in self.inputs)


class Task(Protocol):
    """A benchmark family. Implementations are frozen dataclasses of plain values."""

    name: ClassVar[str]

    @property
    def sequence_length(self) -> int:
        """Most tokens of one input."""

    @property
    def metric(self) -> str:
        """The score that tells the better of two models; more is better."""

    def read(self, path: str | Path, limit: int | None = None) -> list[Any]:
        """Reads at most `limit` labelled examples of a file in the layout this task expects."""

    def stream(self, path: str | Path) -> Iterator[Any]:
        """Yields the examples of a file, with labels or without, in bounded memory."""

    def encode(self, example: Any, tokenizer: Tokenizer) -> list[Sample]:
        """Turns one labelled example into training inputs; none where no answer fits."""

    def windows(self, example: Any, tokenizer: Tokenizer) -> list[Window]:
        """Turns one example into the inputs a model must read to answer it."""

    def decode(
        self, example: Any, windows: Sequence[Window], outputs: Sequence[dict[str, Floats]]
    ) -> Any:
        """Answers one example from what a model says of each window, padding perhaps after it."""

    def score(self, examples: Sequence[Any], predictions: Sequence[Any]) -> dict[str, float]:
        """Compares answers with labels: percentages from 0 to 100, and `examples`."""


@dataclass(frozen=True)
class TaskModel:
    """A model ready to answer, whatever runs it."""

    task: Task
    tokenizer: Tokenizer
    run: Run
    batch_size: int = 1  # B that `run` is given

    @property
    def pool(self) -> int:
        """How many examples are read together, and share batches."""
        return _POOL * self.batch_size

    def predict(self, example: Any) -> Any:
        """Answers one example of the task."""
        return next(self.predict_all([example]))

    def predict_all(self, examples: Iterable[Any]) -> Iterator[Any]:
        """Answers examples in their order, however many, in bounded memory.

        Inputs of similar length share a batch.
        """
        examples = iter(examples)
        while pool := list(islice(examples, self.pool)):
            windows = [self.task.windows(example, self.tokenizer) for example in pool]
            outputs = iter(self._outputs([window for group in windows for window in group]))
            for example, group in zip(pool, windows, strict=True):
                yield self.task.decode(example, group, list(islice(outputs, len(group))))

    def _outputs(self, windows: Sequence[Window]) -> list[dict[str, Floats]]:
        """What the model says of each window."""
        order = np.argsort([len(window.packed.token_ids) for window in windows], kind="stable")
        found: list[dict[str, Floats]] = [{} for _ in windows]
        for start in range(0, len(order), self.batch_size):
            members = order[start : start + self.batch_size]
            batch = pad_batch(
                [windows[index].packed for index in members], pad_id=self.tokenizer.special.pad
            )
            for name, rows in self.run(batch).items():
                for index, row in zip(members, rows, strict=True):
                    found[index][name] = row
        return found


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
    from albert_tf.tasks.embedding import EmbeddingTask
    from albert_tf.tasks.mask_filling import MaskFillingTask
    from albert_tf.tasks.race import MultipleChoiceTask
    from albert_tf.tasks.regression import RegressionTask
    from albert_tf.tasks.squad import QuestionAnsweringTask

    families: tuple[Any, ...] = (
        ClassificationTask, RegressionTask, MultipleChoiceTask, QuestionAnsweringTask,
        EmbeddingTask, MaskFillingTask,
    )  # fmt: skip
    settings = dict(values)
    name = settings.pop("task", None)
    for known in families:
        if known.name == name:
            try:
                _check_types(known, settings)
                task: Task = known(**settings)
                return task
            # A whole number may be too large for a setting that is a fraction.
            except (TypeError, OverflowError) as error:
                raise ValueError(f"task {name} has wrong settings: {error}.") from error
    names = ", ".join(family.name for family in families)
    raise ValueError(f"unknown task {name!r}; choose one of {names}.")


def _check_types(kind: Any, settings: dict[str, Any]) -> None:
    """Compares settings read from JSON with the defaults, which every setting has."""
    defaults = {field.name: field.default for field in fields(kind)}
    for name in settings.keys() & defaults:
        value, default = settings[name], type(defaults[name])
        items = value if isinstance(value, list | tuple) else ()
        if type(value) not in _JSON_TYPES.get(default, (default,)) or not all(
            isinstance(item, str) for item in items
        ):
            raise TypeError(f"{name} must not be {value!r}")


def write_task(task: Task, directory: Path) -> None:
    """Writes `albert_task.json` into a model folder."""
    write_json_object(directory / TASK_FILE, task_to_dict(task))


def read_task(directory: Path) -> Task:
    """Reads the task a model folder was trained for.

    Raises:
        FileNotFoundError: the folder holds no fine-tuned model.
        ValueError: the file is damaged.
    """
    path = directory / TASK_FILE
    if not path.exists():
        raise FileNotFoundError(f"{directory} holds no fine-tuned model: {TASK_FILE} is missing.")
    return task_from_dict(read_json_object(path))
