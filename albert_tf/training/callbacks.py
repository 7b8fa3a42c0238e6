"""What happens around the steps of a run: it is watched, logged, shown, saved and stopped.

[callbacks]  ->  trainer
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from albert_tf.training.checkpoints import Checkpoints, reason, steps_taken
from albert_tf.training.throughput import StepWork

Logs = dict[str, Any] | None

# What depends on the machine; all else in the log is the same whenever a run is repeated.
SPEED_METRICS = ("steps_per_second", "tokens_per_second", "flops_utilization")


class Preempted(KeyboardInterrupt):
    """SIGTERM told the process to stop; the message says what was saved."""


class Diverged(Exception):
    """A loss or a weight is no longer a number."""


class Guard(keras.callbacks.Callback):
    """Stops before a broken loss, or the weights it leaves, reach a checkpoint.

    Args:
        entries: The log so far, which grows.
        spike: How far a mean loss may lie above the lowest of the log.
    """

    def __init__(self, entries: list[dict[str, float]], spike: float = math.inf) -> None:
        super().__init__()
        self._entries = entries
        self._spike = spike

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise Diverged(f"loss must be finite; got {loss} at step {self._step}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        broken = broken_weight(self.model)
        if broken is not None:
            raise Diverged(f"weights must be finite; {broken} is not at step {self._step}")
        loss = float((logs or {}).get("loss", 0.0))
        lowest = min((entry["loss"] for entry in self._entries[:epoch]), default=math.inf)
        if loss > lowest + self._spike:
            raise Diverged(f"loss rose from {lowest:.3f} to {loss:.3f} by step {self._step}")

    @property
    def _step(self) -> int:
        return steps_taken(self.model)


def broken_weight(model: keras.Model) -> str | None:
    """The name of a weight that is not finite, if there is one."""
    for variable in model.trainable_variables:
        if not tf.reduce_all(tf.math.is_finite(variable.value)):
            return str(variable.path)
    return None


class Log(keras.callbacks.Callback):
    """Appends metrics to a JSONL file, dropping what a restart replays."""

    def __init__(self, path: Path, keep: int, *, writes: bool = True) -> None:
        super().__init__()
        self._path = path
        self._writes = writes
        lines = path.read_text(encoding="utf-8").splitlines()[:keep] if path.exists() else []
        self.entries: list[dict[str, float]] = [json.loads(line) for line in lines]
        if writes:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(lines)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        del self.entries[epoch:]  # of a stretch that is repeated at a lower rate
        step = steps_taken(self.model)
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        self.entries.append({"step": step, **metrics})
        if self._writes:
            self._write([json.dumps(entry) for entry in self.entries])

    def _write(self, lines: list[str]) -> None:
        """Replaces the file at once, so that it is never half written."""
        part = self._path.with_name(f"{self._path.name}.part")
        with _written(self._path):
            part.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
            part.replace(self._path)


class Events(keras.callbacks.Callback):
    """Writes the metrics of every stretch for TensorBoard, against steps."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        with _written(directory):
            self._writer = tf.summary.create_file_writer(str(directory))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        step = steps_taken(self.model)
        with _written(self._directory), self._writer.as_default():
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, value, step)
            self._writer.flush()


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Says where a disk is full; TensorFlow's error for it is that of a full memory."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise OSError(
            f"{path} cannot be written; the disk may be full: {reason(error)}. Make room and "
            f"repeat the command; the run continues from its last save."
        ) from error


class Speed(keras.callbacks.Callback):
    """Adds the speed of a stretch to its metrics; its first step, which compiles, aside."""

    def __init__(self, work: StepWork | None) -> None:
        super().__init__()
        self._work = work

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began: float | None = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._ended, self._last = time.perf_counter(), steps_taken(self.model)
        if self._began is None:
            self._began, self._first = self._ended, self._last

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is None or self._began is None or self._last == self._first:
            return
        rate = (self._last - self._first) / (self._ended - self._began)
        logs["steps_per_second"] = rate
        if self._work is not None:
            logs["tokens_per_second"] = rate * self._work.tokens
            logs["flops_utilization"] = rate * self._work.flops / self._work.peak


class SaveOrStop(keras.callbacks.Callback):
    """Saves at the end of every stretch, and at once when the process is told to stop.

    A save that is being scored is finished and logged first. As a context it takes SIGTERM over,
    which schedulers send before they take a machine back.

    Args:
        saved: Where to.
        alone: Whether no other worker takes part; saving takes all of them.
        running: What the metrics held in the middle of the first stretch, if that is cut.
    """

    def __init__(
        self, saved: Checkpoints, running: list[np.ndarray[Any, Any]] | None, *, alone: bool = True
    ) -> None:
        super().__init__()
        self._saved = saved
        self._alone = alone
        self._running = running
        self._told = False

    def __enter__(self) -> Self:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._tell)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _tell(self, *_: object) -> None:
        self._told = True

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self._running is not None:
            self._saved.set_metrics(self._running)
            self._running = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        # The end of a stretch, which has yet to be logged, does what follows its last step.
        if not self._told or batch + 1 >= self.params["steps"]:
            return
        if self._alone and broken_weight(self.model) is None:
            self._saved.save()
            raise Preempted(f"saved after step {steps_taken(self.model)}")
        raise Preempted("stopped at the last save")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._saved.save()
        if self._told:
            raise Preempted(f"saved after step {steps_taken(self.model)}")


class ProgressBar(keras.callbacks.Callback):
    """One bar for the whole run, with the running metrics behind it."""

    def __init__(self, caption: str, start: int, total_steps: int) -> None:
        super().__init__()
        self._bar = tqdm(
            desc=caption, initial=start, total=total_steps, unit="step", mininterval=1.0
        )

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        shown = {name: f"{float(value):.3f}" for name, value in (logs or {}).items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(steps_taken(self.model) - self._bar.n)
        if self._bar.n >= self._bar.total:
            self._bar.close()
