"""Takes out of what enters each linear layer of the body what is always there.

entering  ->  [centering.centered]  ->  signature, depth_error

(x - m) W + (b + m W) is x W + b, whatever m. Where m is the mean of x, 8 bits have less to hold,
most of all where a few columns are large for every token, as they are in trained encoders; and
what is rounded of W no longer shifts the result.

Shape letters: N rows, I inputs, O outputs of a layer.

Source: the shift of Outlier Suppression+ (arXiv:2304.09145) section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from albert_tf.export.entering import Entering, calling
from albert_tf.layers.dense import Dense, by_rows
from albert_tf.tasks.task import Floats


@contextmanager
def centered(entering: Entering) -> Iterator[None]:
    """While it lasts, layers subtract the means of what enters; the rest is as it was.

    Numbers are the same but for rounding.

    Args:
        entering: As `measure_entering` gives it.
    """
    biases = {layer: _bias(layer, moments.mean) for layer, moments in entering.items()}

    def less_its_mean(layer: Dense, x: tf.Tensor) -> tf.Tensor:
        def product(rows: tf.Tensor) -> tf.Tensor:
            centred = tf.matmul(rows - entering[layer].mean, layer.kernel)
            return layer.activation(centred + biases[layer])

        return by_rows(product, x)  # [N, I] to [N, O]

    with calling(entering, less_its_mean):
        yield


def _bias(layer: Dense, mean: Floats) -> Floats:
    """That of a product whose input lacks its mean, [O]."""
    bias, kernel = (np.asarray(weight, np.float64) for weight in (layer.bias, layer.kernel))
    return (bias + mean @ kernel).astype(np.float32)
