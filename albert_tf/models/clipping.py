"""Clips gradients by the norm of the whole batch, which no device has alone.

global_batch  ->  [clipping.clipped_share]  ->  the optimizer
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def clips(optimizer: Any) -> bool:
    """Whether an optimizer clips gradients."""
    return any(getattr(optimizer, name) for name in ("clipnorm", "clipvalue", "global_clipnorm"))


def clipped_share(gradients: list[Any], optimizer: Any, devices: int) -> list[Any]:
    """Makes an optimizer, which adds up what every device gives it, see the whole batch.

    Only clipping has to know the sum beforehand. It is clipped here, and an equal part of it
    given by every device; the optimizer's own clipping then finds nothing to do.

    Args:
        gradients: This device's addends; None for a variable that nothing reached.
        optimizer: Says how to clip.
        devices: How many devices compute.
    """
    if devices == 1 or not clips(optimizer):
        return gradients
    known = [gradient for gradient in gradients if gradient is not None]
    context = tf.distribute.get_replica_context()
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, known)
    parts = iter([gradient / devices for gradient in _clip(optimizer, whole)])
    return [None if gradient is None else next(parts) for gradient in gradients]


def _clip(optimizer: Any, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Clips as the optimizer is told to; Keras allows one of the three."""
    if optimizer.global_clipnorm:
        return list(tf.clip_by_global_norm(gradients, optimizer.global_clipnorm)[0])
    if optimizer.clipnorm:
        return [tf.clip_by_norm(gradient, optimizer.clipnorm) for gradient in gradients]
    limit = optimizer.clipvalue
    return [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
