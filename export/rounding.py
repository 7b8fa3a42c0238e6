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
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.export.entering import Entering
from albert_tf.tasks.task import Floats

_LARGEST = 7  # of 4 bits, on both sides of zero
_BLOCK = 32  # G
# Of the mean variance, added to every one, so that few examples do not say too much.
_DAMPING = 0.01
_STRIDE = 128  # inputs whose effect on all later ones is kept for one product of matrices


def round_weights(model: bytes, entering: Entering) -> bytes:
    """Puts weights where 4 bits with a scale for each block can hold them.

    Args:
        model: A float LiteRT model, made from the layers of `entering`.
        entering: What enters the products whose weights are rounded, with covariances.

    Returns:
        A float LiteRT model. A quantizer that takes the scale of a block from its largest
        weight rounds none of them a second time.
    """
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    for layer, moments in entering.items():
        weight = np.ascontiguousarray(np.asarray(layer.kernel, np.float32).T)  # as it is stored
        for buffer in parsed.buffers:
            if buffer.data is None or len(buffer.data) != weight.nbytes:
                continue
            stored = np.frombuffer(bytes(buffer.data), np.float32).reshape(weight.shape)
            if _proportional(stored, weight):
                rounded = round_rows(stored, moments.covariance)
                buffer.data = np.frombuffer(rounded.tobytes(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))


def _proportional(stored: Floats, weight: Floats) -> bool:
    """Whether a weight is that of a layer, into which the converter may have put a factor."""
    largest = np.abs(weight).argmax()
    factor = stored.flat[largest] / (weight.flat[largest] or 1.0)
    return bool(np.allclose(stored, factor * weight, rtol=1e-5, atol=0))


def round_rows(weight: Floats, covariance: Floats) -> Floats:
    """Rounds the rows of a weight to multiples of the scales of their blocks.

    Args:
        weight: [O, I].
        covariance: [I, I], of what enters.

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
    shares = _shares(covariance[order][:, order])
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


def _shares(covariance: Any) -> Any:
    """Row i: how an error of input i is best shared among those behind it, [I, I]."""
    spread = np.diag(covariance).mean() or 1.0
    damped = covariance + np.eye(len(covariance)) * _DAMPING * spread
    return np.linalg.cholesky(np.linalg.inv(damped)).T


def _short(scales: Floats) -> Floats:
    """Scales as a file stores those of blocks, none of them zero."""
    kept = scales.astype(tf.bfloat16.as_numpy_dtype).astype(np.float16).astype(np.float32)
    return np.maximum(kept, np.finfo(np.float16).tiny)
