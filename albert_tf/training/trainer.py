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
_RUN_FILE = "run.json"
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


def claim(directory: Path, settings: dict[str, Any]) -> None:
    """Marks a folder as belonging to one run, so that only the same run continues in it.

    Args:
        directory: Made if absent.
        settings: JSON values that decide the result of the run.

    Raises:
        FileExistsError: the folder holds a finished model.
        ValueError: a run with other settings began there.
    """
    if (directory / "config.json").exists():
        raise FileExistsError(f"{directory} holds a finished model; choose another folder.")
    path = directory / _RUN_FILE
    settings = json.loads(json.dumps(settings, default=str))
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in settings if before.get(key) != settings[key]]
        if changed:
            raise ValueError(
                f"{directory} holds an unfinished run whose {changed[0]} was "
                f"{before.get(changed[0])!r}, not {settings[changed[0]]!r}; repeat its settings "
                f"to continue it, or choose another folder."
            )
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


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
        tensorboard: Whether to write TensorBoard events.
        progress: Caption of a progress bar on stderr; None for silence.

    Raises:
        ValueError: the loss became infinite or not a number.
    """
    saved = _Checkpoints(model, directory / _CHECKPOINTS)
    start = saved.restore()
    done = math.ceil(start / schedule.steps_per_save)
    log = _Log(directory / METRICS_FILE, keep=done)
    callbacks: list[keras.callbacks.Callback] = [_StopOnNan(start), log, saved]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(directory / "tensorboard", write_graph=False))
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
