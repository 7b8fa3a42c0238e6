"""What enters each linear layer of the body, on inputs like those the model will read.

[entering.measure_entering]  ->  calibration, centering, rounding

Shape letters: B inputs of one call, T tokens, N rows, I inputs of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from albert_tf.examples.packing import Ints
from albert_tf.layers.dense import Dense
from albert_tf.models.backbone import INPUT_NAMES, AlbertBackbone
from albert_tf.tasks.task import Floats


@dataclass(frozen=True)
class Moments:
    """Of the rows that enter a layer."""

    rows: int  # N
    mean: Floats  # [I]
    covariance: Any = None  # float64 [I, I], where it was asked for


Entering = dict[Dense, Moments]


def measure_entering(
    backbone: AlbertBackbone,
    batches: Iterable[dict[str, Ints]],
    covariances: Collection[Dense] = (),
) -> Entering:
    """Watches every linear layer of the body, over the real tokens and all its applications.

    Args:
        backbone: Of any model.
        batches: int32 [B, T] by name, at least one.
        covariances: The layers whose covariance is wanted, too.
    """
    found: dict[Dense, _Sums] = {}
    for batch in batches:
        real = np.asarray(batch["padding_mask"], bool)

        def watch(layer: Dense, x: tf.Tensor, real: Any = real) -> tf.Tensor:
            values = np.asarray(x)
            rows = values[real] if values.ndim == 3 else values  # [N, I]
            sums = found.setdefault(layer, _Sums(rows.mean(0), layer in covariances))
            sums.add(rows)
            return Dense.call(layer, x)

        with calling(products(backbone), watch):
            backbone({name: batch[name] for name in INPUT_NAMES})
    return {layer: found.pop(layer).moments() for layer in list(found)}


class _Sums:
    """Of rows and of their products, about a place near their mean, so that little cancels."""

    def __init__(self, origin: Floats, squares: bool) -> None:
        self._origin = origin
        self._rows = 0
        self._sum: Any = np.zeros(len(origin))
        self._squares: Any = np.zeros((len(origin), len(origin))) if squares else None

    def add(self, rows: Floats) -> None:
        near = rows - self._origin
        self._rows += len(rows)
        self._sum += near.sum(0, dtype=np.float64)
        if self._squares is not None:
            self._squares += near.T @ near

    def moments(self) -> Moments:
        mean = self._sum / self._rows
        if self._squares is not None:
            self._squares /= self._rows
            self._squares -= np.outer(mean, mean)
        return Moments(self._rows, (self._origin + mean).astype(np.float32), self._squares)


def products(backbone: AlbertBackbone) -> list[Dense]:
    """The linear layers that the encoder stores, and the pooler's."""
    encoder = backbone.encoder
    attention = [block.attention for group in encoder.attention for block in group]
    feed_forward = [block for group in encoder.feed_forward for block in group]
    return [
        *(dense for half in attention for dense in (half.query, half.key, half.value)),
        *(half.intermediate for half in feed_forward),
        *(half.output_projection for half in (*attention, *feed_forward)),
        backbone.pooler.dense,
    ]


@contextmanager
def calling(layers: Iterable[Any], call: Callable[[Dense, tf.Tensor], tf.Tensor]) -> Iterator[None]:
    """While it lasts, layers compute by a function of them and of their input."""
    with ExitStack() as stack:
        for layer in layers:
            layer.call = lambda x, training=None, layer=layer: call(layer, x)
            stack.callback(delattr, layer, "call")
        yield
