"""How much work a run does per second, and how much of what its devices could do that is.

sizes  ->  [throughput]  ->  trainer, pretrain

Shape letters: B sequences, T tokens, M masked places, V vocabulary, E embedding, H hidden.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.sizes import flops_per_token

_SIZE = 2048
_PRODUCTS = 4


@dataclass(frozen=True)
class StepWork:
    """What one step of a run takes."""

    tokens: int  # B T
    flops: float  # of the model, forward and backward; what is computed twice counts once
    peak: float  # FLOP/s of a matrix product, over all devices


def pretraining_work(
    config: AlbertConfig, batch_size: int, sequence_length: int, masks: int, peak: float
) -> StepWork:
    """Counts a step of pretraining.

    The model is counted as it is defined, so leaving out what no head reads is a gain.

    Args:
        config: Sizes of the model.
        batch_size: B.
        sequence_length: T.
        masks: M, of one sequence.
        peak: FLOP/s the devices are capable of.
    """
    head = 2 * config.embedding_size * (config.hidden_size + config.vocab_size)
    per_sequence = sequence_length * flops_per_token(config, sequence_length) + masks * head
    return StepWork(batch_size * sequence_length, 3.0 * batch_size * per_sequence, peak)


@cache
def matmul_peak(dtype: str = "float32", devices: int = 1) -> float:
    """FLOP/s of a large matrix product on one device, times the devices.

    Args:
        dtype: What the model computes in.
        devices: How many share a step. Logical devices of one processor share its peak, which
            this does not know.
    """
    left = tf.cast(tf.random.stateless_uniform([_SIZE, _SIZE], (0, 1)), dtype)

    def products() -> float:
        began = time.perf_counter()
        product = left
        for _ in range(_PRODUCTS):
            product = tf.matmul(left, product)
        product.numpy()
        return time.perf_counter() - began

    products()
    return devices * _PRODUCTS * 2.0 * _SIZE**3 / min(products() for _ in range(3))
