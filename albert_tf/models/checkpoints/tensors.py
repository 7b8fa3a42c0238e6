"""Moves named tensors into a model and out of it, all of them or none.

google, huggingface, kerashub, tfhub: names  ->  [tensors]  ->  a model
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from albert_tf.config import AlbertConfig
from albert_tf.sizes import count_parameters

Tensor = NDArray[np.float32]


class CheckpointMismatch(ValueError):
    """A checkpoint does not hold exactly the tensors its config calls for."""


@dataclass(frozen=True)
class Imported:
    """A model read from a checkpoint, and what else the checkpoint says."""

    model: Any  # a backbone or a task model
    initialized: tuple[str, ...] = ()  # parts the checkpoint does not have, filled by chance
    left_out: tuple[str, ...] = ()  # parts of the checkpoint that this package cannot use
    labels: tuple[str, ...] = ()  # names of a classifier's classes


@dataclass(frozen=True)
class Place:
    """Where one tensor of a checkpoint belongs."""

    name: str  # in the checkpoint
    variable: keras.Variable
    transposed: bool = False  # stored as the transpose
    shape: tuple[int, ...] | None = None  # stored, where the variable has the same numbers flat

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of the tensor in the checkpoint."""
        own = tuple(self.variable.shape)
        return self.shape or (own[::-1] if self.transposed else own)


def check_size(config: AlbertConfig, tensors: Mapping[str, Tensor], source: str) -> None:
    """Refuses a config that would fill the memory with a model the file cannot fill.

    Raises:
        CheckpointMismatch: the config calls for more than a billion weights, and for more than
            twice those of the file.
    """
    called, stored = count_parameters(config), sum(tensor.size for tensor in tensors.values())
    if called > max(1_000_000_000, 2 * stored):
        raise CheckpointMismatch(
            f"{source} does not fit its config, which calls for {called:,} weights; it has "
            f"{stored:,}."
        )


def assign(
    places: Iterable[Place],
    tensors: Mapping[str, Tensor],
    source: str,
    derived: Iterable[str] = (),
) -> None:
    """Sets every variable, or none: the whole checkpoint is compared first.

    Args:
        places: Every tensor the model calls for.
        tensors: What the checkpoint holds.
        source: What to call the checkpoint in an error.
        derived: Names that may be there though the model has no use for them.

    Raises:
        CheckpointMismatch: tensors are missing, left over, of another shape, or not finite.
    """
    places = list(places)
    expected = {place.name for place in places}
    problems = [f"missing {name}" for name in sorted(expected - tensors.keys())]
    problems += [f"unexpected {name}" for name in sorted(tensors.keys() - expected - set(derived))]
    for place in places:
        if place.name not in tensors:
            continue
        tensor = tensors[place.name]
        if tensor.shape != place.stored_shape:
            problems.append(f"{place.name} has shape {tensor.shape}, expected {place.stored_shape}")
        elif not np.isfinite(tensor).all():
            problems.append(f"{place.name} has values that are not finite")
    if problems:
        raise CheckpointMismatch(f"{source} does not fit its config: {'; '.join(problems)}.")
    for place in places:
        tensor = tensors[place.name]
        value = tensor.T if place.transposed else tensor
        place.variable.assign(value.reshape(place.variable.shape))


def collect(places: Iterable[Place]) -> dict[str, Tensor]:
    """Returns every tensor under the name and in the shape the checkpoint stores it."""
    tensors = {}
    for place in places:
        value = np.asarray(keras.ops.convert_to_numpy(place.variable), np.float32)
        value = value.T if place.transposed else value
        tensors[place.name] = np.ascontiguousarray(value.reshape(place.stored_shape))
    return tensors
