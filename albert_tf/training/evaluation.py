"""Scores a model at every save by what it answers, and keeps the weights that scored best.

tasks  ->  [evaluation.Evaluation]  ->  trainer.fit, finetune

Which save was best is read from the log alone, so a run that was killed agrees with one that
was not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from albert_tf.examples.packing import Ints
from albert_tf.models.backbone import INPUT_NAMES
from albert_tf.tasks.task import Floats, Run, Task, TaskModel
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.checkpoints import steps_taken

Entry = dict[str, float]
_FOLDER = "best"


class Evaluation(keras.callbacks.Callback):
    """Adds the scores of a task to the log at every save, as `val_NAME_score`.

    Args:
        task: Says what is read, answered and compared.
        tokenizer: Of the model.
        examples: Labelled.
        batch_size: Sequences that are answered at once.
        directory: Receives `best/`, the weights of the best save.
        patience: Saves without a better score before the run is over; None for no end.
        chief: Whether this process is the one that writes. All of them score.
    """

    def __init__(
        self,
        task: Task,
        tokenizer: Tokenizer,
        examples: Sequence[Any],
        batch_size: int,
        directory: Path,
        *,
        patience: int | None = None,
        chief: bool = True,
    ) -> None:
        super().__init__()
        self._task = task
        self._tokenizer = tokenizer
        self._examples = examples
        self._batch_size = batch_size
        self._folder = directory / _FOLDER
        self._patience = patience
        self._chief = chief
        self._entries: list[Entry] = []
        self._answer: Run | None = None

    def follow(self, entries: list[Entry]) -> None:
        """Takes the log of the run, which grows, as what decides."""
        self._entries = entries

    @property
    def over(self) -> bool:
        """Whether the last saves did not score better, as many as patience allows."""
        if self._patience is None or not self._entries:
            return False
        return len(self._entries) - 1 - best_save(self._entries, self._task) >= self._patience

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        predictions = self.predict(self.model)
        scores = self._agreed(self._task.score(self._examples, predictions))
        if logs is not None:
            logs.update(scores)
        before = self._entries[:epoch]
        step = steps_taken(self.model)
        entries = [*before, {"step": step, **scores}]
        if self._chief and best_save(entries, self._task) == len(before):
            self._keep(step, before)

    def predict(self, model: Any) -> list[Any]:
        """What a model answers to the examples."""
        if self._answer is None:  # traced once, for weights change and the function does not
            self._answer = compiled_answers(model)
        answering = TaskModel(self._task, self._tokenizer, self._answer, self._batch_size)
        return list(answering.predict_all(self._examples))

    def restore(self, model: keras.Model) -> Entry:
        """Gives a model the weights of the best save, and returns the entry of the log.

        Raises:
            ValueError: the run saved nothing, or the weights are not there any more.
        """
        if not self._entries:
            raise ValueError("a run must save before its best weights are restored; it did not.")
        entry = self._entries[best_save(self._entries, self._task)]
        path = self._path(int(entry["step"]))
        if not path.exists():
            raise ValueError(f"{path}, the best weights of the run, is missing. Begin again.")
        model.load_weights(path)
        return entry

    def _keep(self, step: int, before: list[Entry]) -> None:
        """Writes the weights; those of the best save before stay, for a restart may need them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / "part.weights.h5"
        self.model.save_weights(part)
        part.replace(self._path(step))
        kept = {step}
        if before:
            kept.add(int(before[best_save(before, self._task)]["step"]))
        for path in set(self._folder.iterdir()) - set(map(self._path, kept)):
            path.unlink()

    def _path(self, step: int) -> Path:
        return self._folder / f"step-{step}.weights.h5"

    def _agreed(self, scores: dict[str, float]) -> Entry:
        """Scores by name in the log; workers, which may round differently, take their mean."""
        named = {score_name(name): value for name, value in scores.items() if name != "examples"}
        strategy = self.model.distribute_strategy
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return named

        def mean() -> Any:
            own = tf.constant(list(named.values()), tf.float64)
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, own)

        means = strategy.experimental_local_results(strategy.run(tf.function(mean)))[0]
        return dict(zip(named, map(float, means.numpy()), strict=True))


def score_name(name: str) -> str:
    """What a score of a task, in percent, is called in the log."""
    return f"val_{name}_score"


def best_save(entries: Sequence[Entry], task: Task) -> int:
    """The place in the log of the highest score of a task; of equal ones, the earlier."""
    scores = [entry[score_name(task.metric)] for entry in entries]
    return max(
        range(len(scores)),
        key=lambda place: (scores[place] if math.isfinite(scores[place]) else -math.inf, -place),
    )


def compiled_answers(model: Any) -> Run:
    """Returns what computes the outputs of a model for one batch of arrays, int32 [B, T]."""
    signature = {name: tf.TensorSpec([None, None], tf.int32) for name in INPUT_NAMES}
    answer = tf.function(model.score_inputs, input_signature=[signature])

    def run(batch: dict[str, Ints]) -> dict[str, Floats]:
        return {name: output.numpy() for name, output in answer(batch).items()}

    return run
