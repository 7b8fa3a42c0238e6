"""Rounds weights so that the errors of a row of them make up for each other.

convert, entering  ->  [rounding.round_weights]  ->  quantize

A weight is rounded to its nearest place in 4 bits, and what that does to the product is taken
back by the weights of the row that are still to be rounded, as far as their inputs go together.

Shape letters: I inputs, O outputs of a product, G inputs that share a scale.

Source: GPTQ (arXiv:2210.17323) section 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from albert_tf.export.entering import Entering
from albert_tf.export.parsed import assemble, parse, stored
from albert_tf.export.recipes import BLOCKS
from albert_tf.tasks.task import Floats

_LARGEST = 7  # of 4 bits, on both sides of zero
_BLOCK = BLOCKS["dynamic_wi4b32_afp32"]  # G
_DAMPING = 0.01  # of the mean variance, added to each; more where few rows were seen
_STRIDE = 128  # inputs whose effect on all later ones is kept for one product of matrices


def round_weights(model: bytes, entering: Entering) -> bytes:
    """Puts weights where 4 bits with a scale for each block can hold them.

    Args:
        model: A float LiteRT model, made from the layers of `entering`.
        entering: What enters; the weights of layers with a covariance are rounded.

    Returns:
        A float LiteRT model. A quantizer that takes the scale of a block from its largest
        weight rounds none of them a second time.

    Raises:
        ValueError: the model has no weights of such a layer.
    """
    parsed = parse(model)
    for layer, moments in entering.items():
        if moments.covariance is None:
            continue
        weight = np.asarray(layer.kernel, np.float32).T  # [O, I], as it is stored
        found = [buffer for buffer in parsed.buffers if _holds(buffer.data, weight)]
        if not found:
            raise ValueError(f"the model must have the weights of {layer.path}; it has not.")
        for buffer in found:
            kept = np.frombuffer(bytes(buffer.data), np.float32).reshape(weight.shape)
            rounded = round_rows(kept, moments.covariance, moments.rows)
            buffer.data = stored(rounded)
    return assemble(parsed)


def _holds(data: Any, weight: Floats) -> bool:
    """Whether a buffer is a weight, but for a factor that the converter may have put into it."""
    if data is None or len(data) != weight.nbytes:
        return False
    kept = np.frombuffer(bytes(data), np.float32).reshape(weight.shape)
    largest = np.unravel_index(np.abs(weight).argmax(), weight.shape)
    factor = kept[largest] / (weight[largest] or 1.0)
    return bool(np.allclose(kept, factor * weight, rtol=1e-5, atol=0))  # float32 holds 6e-8


def round_rows(weight: Floats, covariance: Floats, rows: int) -> Floats:
    """Rounds the rows of a weight to multiples of the scales of their blocks.

    Args:
        weight: [O, I].
        covariance: [I, I], of what enters.
        rows: How many rows of what enters were seen.

    Returns:
        [O, I], of which the largest of each block is 7 times its scale.
    """
    outputs, inputs = weight.shape
    ends = np.abs(weight.reshape(outputs, -1, _BLOCK)).max(2).repeat(_BLOCK, 1)  # [O, I]
    scales = _short(ends / _LARGEST)
    # The scale is that of the largest, which therefore stays the largest; zeros stay zeros.
    most = np.where(ends > 0, _LARGEST, 0)
    least = np.where(np.abs(weight) == ends, most, 0)

    def nearest(values: Any, columns: Any) -> Any:
        whole = np.rint(np.abs(values) / scales[:, columns])
        whole = np.clip(whole, least[:, columns], most[:, columns])
        return np.sign(values) * whole * scales[:, columns]

    # Those that vary most come first, and leave their errors to the others.
    order = np.argsort(-np.diag(covariance))
    left = weight[:, order].astype(np.float64)
    shares = _shares(covariance[order][:, order], _DAMPING + inputs / rows)
    rounded = np.zeros_like(left)
    for start in range(0, inputs, _STRIDE):
        now = slice(start, start + _STRIDE)
        errors = np.zeros_like(left[:, now])
        for column in range(start, min(start + _STRIDE, inputs)):
            rounded[:, column] = nearest(left[:, column], order[column])
            error = (left[:, column] - rounded[:, column]) / shares[column, column]
            left[:, column : now.stop] -= np.outer(error, shares[column, column : now.stop])
            errors[:, column - start] = error
        left[:, now.stop :] -= errors @ shares[now, now.stop :]
    found = np.empty_like(left)
    found[:, order] = rounded
    return found.astype(np.float32)


def _shares(covariance: Any, damping: float) -> Any:
    """Row i: how an error of input i is best shared among those behind it, [I, I]."""
    spread = np.diag(covariance).mean() or 1.0
    damped = covariance + np.eye(len(covariance)) * damping * spread
    return np.linalg.cholesky(np.linalg.inv(damped)).T


def _short(scales: Floats) -> Floats:
    """Scales as a file stores those of blocks, none of them zero."""
    kept = scales.astype(tf.bfloat16.as_numpy_dtype).astype(np.float16).astype(np.float32)
    return np.where(kept > 0, kept, np.finfo(np.float16).smallest_subnormal).astype(np.float32)
