"""Runs `model.fit` so that a killed run goes on where it stopped and a broken one says why.

input_pipeline, optimizers  ->  [trainer.fit]  ->  pretrain, finetune
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tqdm import tqdm

from albert_tf.training.history_plot import plot_losses
from albert_tf.training.input_pipeline import MakeBatch, stream

METRICS_FILE = "metrics.jsonl"
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how often it stops to log, validate and save."""

    total_steps: int
    steps_per_save: int

    @property
    def saves(self) -> int:
        """Stretches of `steps_per_save`, the last perhaps cut short."""
        return math.ceil(self.total_steps / self.steps_per_save)


def fit(
    model: keras.Model,
    make_batch: MakeBatch,
    schedule: Schedule,
    directory: Path,
    *,
    validation: tf.data.Dataset | None = None,
    progress: str | None = None,
) -> list[dict[str, float]]:
    """Trains a compiled model and returns its log, one entry per save.

    At every save the weights, the optimizer and the log go to disk. A second call
    with the same directory continues from there with the same batches as an
    uninterrupted run.

    Args:
        model: Compiled; weights and optimizer are restored if a run was cut short.
        make_batch: A pure function from step number to batch.
        schedule: Length of the run.
        directory: Receives `checkpoints/`, `metrics.jsonl`, `history.png` and `tensorboard/`.
        validation: Finite dataset for `val_` metrics at each save.
        progress: Caption of a progress bar on stderr; None for silence.

    Raises:
        OSError: a checkpoint could not be written.
        ValueError: the loss or a weight became infinite or not a number, or the checkpoint to
            continue from is damaged.
    """
    saved = _Checkpoints(model, directory / _CHECKPOINTS)
    start = saved.restore()
    done = math.ceil(start / schedule.steps_per_save)
    log = _Log(directory / METRICS_FILE, keep=done)
    events = keras.callbacks.TensorBoard(directory / "tensorboard", write_graph=False)
    callbacks: list[keras.callbacks.Callback] = [_StopOnNan(start), log, saved, events]
    if progress is not None:
        callbacks.append(_ProgressBar(progress, start, schedule.total_steps))
    with warnings.catch_warnings():
        # A span finder has no use for the pooler of its backbone.
        warnings.filterwarnings("ignore", message="Gradients do not exist for variables .*pooler")
        for number in range(done, schedule.saves):
            first = number * schedule.steps_per_save
            last = min(first + schedule.steps_per_save, schedule.total_steps)
            model.fit(
                stream(make_batch, first, last),
                initial_epoch=number,
                epochs=number + 1,
                validation_data=validation,
                callbacks=callbacks,
                shuffle=False,
                verbose=0,
            )
    plot_losses({model.name: log.entries}, directory / "history.png")
    return log.entries


class _Checkpoints(keras.callbacks.Callback):
    """Saves weights and optimizer; keeps the newest."""

    def __init__(self, model: keras.Model, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        model.optimizer.build(model.trainable_variables)
        variables = [*model.variables, *model.optimizer.variables]
        checkpoint = tf.train.Checkpoint(variables=[variable.value for variable in variables])
        self._iterations = model.optimizer.iterations
        self._manager = tf.train.CheckpointManager(checkpoint, str(directory), max_to_keep=1)

    def restore(self) -> int:
        """Loads the newest checkpoint, if any, and returns the step it was taken after."""
        try:
            self._manager.restore_or_initialize()
        except Exception as error:  # TensorFlow has many for a damaged file, IndexError too
            raise ValueError(
                f"the checkpoint in {self._directory} is damaged: {_first_line(error)}. "
                f"Delete that folder to begin again."
            ) from error
        return int(self._iterations)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        try:
            self._manager.save(checkpoint_number=epoch + 1)
        except tf.errors.OpError as error:
            raise OSError(
                f"no checkpoint could be written to {self._directory}: {_first_line(error)}"
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


class _Log(keras.callbacks.Callback):
    """Appends metrics to a JSONL file, dropping what a restart replays."""

    def __init__(self, path: Path, keep: int) -> None:
        super().__init__()
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines()[:keep] if path.exists() else []
        self.entries: list[dict[str, float]] = [json.loads(line) for line in lines]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        step = int(self.model.optimizer.iterations)
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        entry = {"step": step, **metrics}
        self.entries.append(entry)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class _StopOnNan(keras.callbacks.Callback):
    """Stops before a broken loss, or the weights it leaves, reach a checkpoint."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._step = start

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._step += 1
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self._stop(f"loss must be finite; got {loss}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for variable in self.model.trainable_variables:
            if not tf.reduce_all(tf.math.is_finite(variable.value)):
                self._stop(f"weights must be finite; {variable.path} is not")

    def _stop(self, reason: str) -> None:
        raise ValueError(
            f"{reason} at step {self._step}. Begin again in another folder with a lower "
            f"learning rate."
        )


class _ProgressBar(keras.callbacks.Callback):
    """One bar for the whole run, with the running metrics behind it."""

    def __init__(self, caption: str, start: int, total: int) -> None:
        super().__init__()
        self._bar = tqdm(desc=caption, initial=start, total=total, unit="step", mininterval=1.0)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        shown = {name: f"{float(value):.3f}" for name, value in (logs or {}).items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()
        if self._bar.n >= self._bar.total:
            self._bar.close()
