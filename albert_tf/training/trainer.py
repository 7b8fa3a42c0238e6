"""Runs `model.fit` so that a killed run goes on where it stopped and a broken one says why.

input_pipeline, optimizers, distribution  ->  [trainer.fit]  ->  pretrain, finetune
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf

from albert_tf.training.callbacks import (
    Diverged,
    Events,
    Guard,
    Log,
    ProgressBar,
    SaveOrStop,
    Speed,
)
from albert_tf.training.checkpoints import Checkpoints, reason, steps_taken
from albert_tf.training.distribution import is_chief
from albert_tf.training.evaluation import Evaluation
from albert_tf.training.history_plot import plot_history
from albert_tf.training.input_pipeline import MakeBatch, stream
from albert_tf.training.optimizers import peak_rate, rate_factor
from albert_tf.training.throughput import StepWork

METRICS_FILE = "metrics.jsonl"
_CHECKPOINTS = "checkpoints"
_RECOVERIES = 3


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how often it stops to log, validate and save."""

    total_steps: int
    steps_per_save: int

    def stretch(self, step: int) -> tuple[int, int]:
        """The number of the stretch that a step belongs to, and the step it ends before."""
        number = step // self.steps_per_save
        return number, min((number + 1) * self.steps_per_save, self.total_steps)

    def stretches(self, step: int) -> int:
        """How many stretches are over after a step; the last may be a short one."""
        return self.stretch(step)[0] + (step == self.total_steps and step % self.steps_per_save > 0)


def fit(
    model: keras.Model,
    make_batch: MakeBatch,
    schedule: Schedule,
    directory: Path,
    *,
    validation: tf.data.Dataset | None = None,
    evaluation: Evaluation | None = None,
    work: StepWork | None = None,
    spike: float = math.inf,
    fixed_shapes: bool = False,
    progress: str | None = None,
) -> list[dict[str, float]]:
    """Trains a compiled model and returns its log, one entry per save.

    At every save the weights, the optimizer, all random state and the running metrics go to
    disk. A second call with the same directory continues with the same batches, to the same
    weights and the same log, as an uninterrupted run. SIGTERM saves and stops. A loss or a
    weight that is not finite, or a spike of the loss, sends the run back to its last save with
    half the learning rate, three times at most.

    Args:
        model: Compiled; its state is restored if a run was cut short.
        make_batch: A pure function from step number to batch.
        schedule: Length of the run.
        directory: Receives `checkpoints/`, `metrics.jsonl`, `history.png` and `tensorboard/`.
        validation: Finite dataset for `val_` metrics at each save.
        evaluation: Scores answers at each save and keeps the best weights; may end the run early.
        work: What a step takes, to log tokens per second and the share of the devices' peak.
        spike: How far the mean loss between two saves may lie above the lowest before it.
        fixed_shapes: Whether all batches have one shape.
        progress: Caption of a progress bar on stderr; None for silence.

    Raises:
        callbacks.Preempted: the process was told to stop, and has saved.
        OSError: a checkpoint could not be written, or another worker was lost.
        ValueError: the run broke again and again, a step failed or needs more memory than there
            is, or all checkpoints are damaged.
    """
    chief = is_chief(model.distribute_strategy)
    saved = Checkpoints(model, directory / _CHECKPOINTS, chief=chief)
    step = saved.restore()
    log = Log(directory / METRICS_FILE, schedule.stretches(step), writes=chief)
    callbacks: list[keras.callbacks.Callback] = [Speed(work), log]
    if evaluation is not None:
        evaluation.follow(log.entries)
        callbacks.insert(1, evaluation)  # so that its scores are logged
    if chief:
        callbacks.append(Events(directory / "tensorboard"))
    if chief and progress is not None:
        callbacks.append(ProgressBar(progress, step, schedule.total_steps))
    data = partial(stream, make_batch, fixed=fixed_shapes)
    guard = Guard(log.entries, spike)
    for left in reversed(range(_RECOVERIES + 1)):
        try:
            _train(model, data, schedule, saved, [guard, *callbacks], validation, evaluation)
            break
        except Diverged as error:
            if not left:
                raise ValueError(
                    f"{error}, after {_RECOVERIES} attempts with lower rates. Begin again in "
                    f"another folder with a lower learning rate{_such_as(model, 2)}."
                ) from error
            _recover(model, saved, error)
    if chief:
        plot_history({model.name: log.entries}, directory / "history.png")
    return log.entries


def _train(
    model: keras.Model,
    data: Callable[[int, int], tf.data.Dataset],
    schedule: Schedule,
    saved: Checkpoints,
    callbacks: list[keras.callbacks.Callback],
    validation: tf.data.Dataset | None,
    evaluation: Evaluation | None,
) -> None:
    """Trains from where the model is to the end, stretch by stretch."""
    step = steps_taken(model)
    # In the middle of a stretch its metrics go on from what they were.
    running = saved.values_of_metrics() if step % schedule.steps_per_save else None
    alone = not isinstance(model.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)
    with (
        SaveOrStop(saved, running, alone=alone) as stop,
        _plain_errors(),
        warnings.catch_warnings(),
    ):
        # A span finder has no use for the pooler of its backbone.
        warnings.filterwarnings("ignore", message="Gradients do not exist for variables .*pooler")
        while step < schedule.total_steps and not (evaluation and evaluation.over):
            number, end = schedule.stretch(step)
            model.fit(
                data(step, end),
                initial_epoch=number,
                epochs=number + 1,
                validation_data=validation,
                callbacks=[*callbacks, stop],
                shuffle=False,
                verbose=0,
            )
            step = end


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Says what TensorFlow's errors mean for a run."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
        raise OSError(
            "another worker was lost, so this one stopped. Start all of them again; the run "
            "continues from its last save."
        ) from error
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(
            f"a step needs more memory than there is: {reason(error)}. Give micro_batches, or "
            f"remat, or a smaller batch_size or sequence_length."
        ) from error
    except tf.errors.OpError as error:
        raise ValueError(f"a step failed: {reason(error)}") from error


def _recover(model: keras.Model, saved: Checkpoints, error: Diverged) -> None:
    """Goes back to the last save and lowers the rate."""
    factor = rate_factor(model.optimizer)
    if factor is None:
        raise ValueError(f"{error}. Begin again with a lower learning rate.") from error
    lower = float(factor.value.numpy()) / 2
    step = saved.restore()
    if step == 0:
        raise ValueError(
            f"{error}, before anything was saved. Begin again in another folder with a lower "
            f"learning rate{_such_as(model, 10)}."
        ) from error
    factor.assign(lower)
    saved.save()
    warnings.warn(
        f"{error}; went back to step {step} with {lower:g} of the learning rate.", stacklevel=3
    )


def _such_as(model: keras.Model, times: int) -> str:
    """A rate to try next, that many times lower than the last."""
    peak = peak_rate(model.optimizer)
    return "" if peak is None else f", such as {peak / times:.1g}"
