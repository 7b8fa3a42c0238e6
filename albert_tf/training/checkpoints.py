"""Everything a run needs to go on, on disk: the newest state of it and the one before.

optimizers  ->  [checkpoints.Checkpoints]  ->  trainer
"""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from albert_tf.training.optimizers import rate_factor

_NAME = "step"
# What an error of a graph says before what went wrong.
_WHERE = re.compile(r"Graph execution error:|Detected at node|  File |<stack traces|\d+ root error")


class Checkpoints:
    """Saves and restores weights, optimizer, random state and running metrics of a model.

    A file is written under another name and renamed, and the one before it is kept: a process
    killed at any moment, or a file that is damaged later, costs one stretch of training at most.

    Args:
        model: Compiled.
        directory: Made if absent. With several workers all must see it; the chief writes.
        chief: Whether this process is the one that writes.
    """

    def __init__(self, model: keras.Model, directory: Path, *, chief: bool = True) -> None:
        self._directory = directory
        self._chief = chief
        if not model.optimizer.built:
            with model.distribute_strategy.scope():
                model.optimizer.build(model.trainable_variables)
        self.metrics = [variable for metric in model.metrics for variable in metric.variables]
        variables = [*model.variables, *model.optimizer.variables, *self.metrics]
        factor = rate_factor(model.optimizer)
        if factor is not None:
            variables.append(factor)
        self._model = model
        self._checkpoint = tf.train.Checkpoint(variables=[v.value for v in variables])
        self._whole: list[Path] = []  # what this process has read or written, from old to new
        self._clear()

    def restore(self) -> int:
        """Loads the newest checkpoint that is whole and returns the step it was taken after.

        A damaged one is said to be, and the one before it taken. Without any, nothing changes.

        Raises:
            ValueError: there are checkpoints and all are damaged.
        """
        found = self._found()
        for path in reversed(found):
            try:
                self._checkpoint.read(str(path)).assert_existing_objects_matched()
                self._whole = [path]
                return steps_taken(self._model)
            except Exception as error:  # TensorFlow has many for a damaged file, IndexError too
                warnings.warn(f"{path} is damaged: {reason(error)}", stacklevel=2)
        if found:
            raise ValueError(
                f"every checkpoint in {self._directory} is damaged. Delete that folder to begin "
                f"again."
            )
        return 0

    def save(self) -> None:
        """Writes a checkpoint and keeps one before it that is whole.

        Raises:
            OSError: it could not be written; what was there stays.
        """
        path = self._directory / f"{_NAME}-{steps_taken(self._model)}"
        try:
            if not self._chief:
                # Saving under tf.distribute takes every worker; what this one writes is not kept.
                with tempfile.TemporaryDirectory() as own:
                    self._checkpoint.write(f"{own}/{path.name}")
                return
            self._directory.mkdir(parents=True, exist_ok=True)
            self._checkpoint.write(str(path))
        except (tf.errors.OpError, OSError) as error:
            self._clear()
            raise OSError(
                f"no checkpoint could be written to {self._directory}: {reason(error)}. The "
                f"one before it is kept; repeat the command to continue from there."
            ) from error
        self._whole = [*(one for one in self._whole if one != path), path][-2:]
        if len(self._whole) == 2:
            for old in set(self._found()) - set(self._whole):
                for file in old.parent.glob(f"{old.name}.*"):
                    file.unlink()

    def _clear(self) -> None:
        """Removes what a save left that did not come to its end."""
        if not self._chief:
            return
        for left in self._directory.glob(f"{_NAME}-*_temp"):
            shutil.rmtree(left)
        for data in self._directory.glob(f"{_NAME}-*.data-*"):
            if not data.with_suffix(".index").exists():
                data.unlink()

    def _found(self) -> list[Path]:
        """Checkpoints from old to new; their index is written last."""
        indices = self._directory.glob(f"{_NAME}-*.index")
        return sorted((path.with_suffix("") for path in indices), key=_step)

    def values_of_metrics(self) -> list[np.ndarray[Any, Any]]:
        """What the running metrics hold now."""
        return [variable.value.numpy() for variable in self.metrics]

    def set_metrics(self, values: Sequence[np.ndarray[Any, Any]]) -> None:
        """Makes the running metrics hold what they held."""
        for variable, value in zip(self.metrics, values, strict=True):
            variable.assign(value)


def steps_taken(model: keras.Model) -> int:
    """How many updates the weights of a model have seen, on however many devices."""
    return int(model.optimizer.iterations.value.numpy())


def _step(path: Path) -> int:
    return int(path.name.partition("-")[2])


def reason(error: Exception) -> str:
    """What went wrong, in a line, without the names that TensorFlow has for the operations."""
    lines = (line for line in str(error).splitlines() if not _WHERE.match(line))
    return re.sub(r"^\{\{.*?\}\} *", "", next(filter(str.strip, lines), "").strip())
