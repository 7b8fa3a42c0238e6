"""Runs `model.fit` so that a killed run goes on where it stopped and a broken one says why.

input_pipeline, optimizers  ->  [trainer.fit]  ->  pretrain, finetune
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tqdm import tqdm

from albert_tf.training.input_pipeline import MakeBatch, stream

METRICS_FILE = "metrics.jsonl"
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how often it stops to validate and save."""

    total_steps: int
    steps_per_epoch: int

    @property
    def epochs(self) -> int:
        """Stretches of `steps_per_epoch`, the last perhaps cut short."""
        return math.ceil(self.total_steps / self.steps_per_epoch)


def fit(
    model: keras.Model,
    make_batch: MakeBatch,
    schedule: Schedule,
    directory: Path,
    *,
    validation: tf.data.Dataset | None = None,
    tensorboard: bool = True,
    progress: str | None = None,
) -> list[dict[str, float]]:
    """Trains a compiled model and returns its log, one entry per epoch.

    After every epoch the weights, the optimizer and the log are on disk. A second call
    with the same directory continues from there with the same batches as an
    uninterrupted run.

    Args:
        model: Compiled; weights and optimizer are restored if a run was cut short.
        make_batch: A pure function from step number to batch.
        schedule: Length of the run.
        directory: Receives `checkpoints/`, `metrics.jsonl` and `tensorboard/`.
        validation: Finite dataset for `val_` metrics after each epoch.
        tensorboard: Whether to write TensorBoard events.
        progress: Caption of a progress bar on stderr; None for silence.

    Raises:
        ValueError: the loss became infinite or not a number.
    """
    saved = _Checkpoints(model, directory / _CHECKPOINTS)
    start = saved.restore()
    log = _Log(directory / METRICS_FILE, keep=start // schedule.steps_per_epoch)
    callbacks: list[keras.callbacks.Callback] = [_StopOnNan(start), log, saved]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(directory / "tensorboard", write_graph=False))
    if progress is not None:
        callbacks.append(_ProgressBar(progress, start, schedule.total_steps))
    for epoch in range(start // schedule.steps_per_epoch, schedule.epochs):
        first = epoch * schedule.steps_per_epoch
        last = min(first + schedule.steps_per_epoch, schedule.total_steps)
        model.fit(
            stream(make_batch, first, last),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=validation,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
    return log.entries


class _Checkpoints(keras.callbacks.Callback):
    """Saves weights and optimizer after each epoch; keeps the newest."""

    def __init__(self, model: keras.Model, directory: Path) -> None:
        super().__init__()
        model.optimizer.build(model.trainable_variables)
        variables = [*model.variables, *model.optimizer.variables]
        checkpoint = tf.train.Checkpoint(variables=[variable.value for variable in variables])
        self._iterations = model.optimizer.iterations
        self._manager = tf.train.CheckpointManager(checkpoint, str(directory), max_to_keep=1)

    def restore(self) -> int:
        """Loads the newest checkpoint, if any, and returns the step it was taken after."""
        self._manager.restore_or_initialize()
        return int(self._iterations)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._manager.save(checkpoint_number=epoch + 1)


class _Log(keras.callbacks.Callback):
    """Appends each epoch's metrics to a JSONL file, dropping what a restart replays."""

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
        entry = {"epoch": epoch + 1, "step": step, **metrics}
        self.entries.append(entry)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class _StopOnNan(keras.callbacks.Callback):
    """Stops before a broken loss reaches a checkpoint."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._step = start

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._step += 1
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise ValueError(
                f"loss must be finite; got {loss} at step {self._step}. "
                f"Lower the learning rate; the checkpoint before it is kept."
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
