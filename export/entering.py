"""What enters each product of the body, on inputs like those the model will read.

[entering.measure_entering]  ->  calibration, centering, rounding

Shape letters: B inputs of one call, T tokens, I inputs of a product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    """Of the rows that enter a product."""

    mean: Floats  # [I]
    covariance: Any = None  # float64 [I, I], where it was asked for


Entering = dict[Dense, Moments]


def measure_entering(
    backbone: AlbertBackbone, batches: Iterable[dict[str, Ints]], covariances: bool = False
) -> Entering:
    """Watches every product, over the real tokens and all applications of the layer.

    Args:
        backbone: Of any model.
        batches: int32 [B, T] by name, at least one.
        covariances: Whether they are wanted, too.
    """
    counts: dict[Dense, int] = {}
    sums: dict[Dense, Any] = {}
    squares: dict[Dense, Any] = {}
    for batch in batches:
        real = np.asarray(batch["padding_mask"], bool)

        def watch(layer: Dense, x: tf.Tensor, real: Any = real) -> tf.Tensor:
            x_rows = np.asarray(x)
            rows = x_rows[real] if x_rows.ndim == 3 else x_rows  # [N, I]
            counts[layer] = counts.get(layer, 0) + len(rows)
            sums[layer] = sums.get(layer, 0) + rows.sum(0, dtype=np.float64)
            if covariances:
                squares[layer] = squares.get(layer, 0) + (rows.T @ rows).astype(np.float64)
            return Dense.call(layer, x)

        with calling(products(backbone), watch):
            backbone({name: batch[name] for name in INPUT_NAMES})
    means = {layer: sums[layer] / count for layer, count in counts.items()}
    return {
        layer: Moments(
            mean.astype(np.float32),
            squares[layer] / counts[layer] - np.outer(mean, mean) if covariances else None,
        )
        for layer, mean in means.items()
    }


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
