"""Feeds `fit` from a function of the step number, so that any step can be made again.

examples, tasks  ->  [input_pipeline]  ->  trainer

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints

# What Keras takes: inputs, targets, sample weights.
Batch = tuple[dict[str, Ints], dict[str, NDArray[Any]], dict[str, Ints]]
MakeBatch = Callable[[int], Batch]

# Batches of one length are drawn from pools of this many, so that sorting by length
# saves padding while the order of an epoch stays random.
_POOL = 50


def fingerprint(make_batch: MakeBatch) -> str:
    """Returns a checksum of the first batch, which tells other data or another vocabulary."""
    digest = hashlib.sha256()
    for array in tf.nest.flatten(make_batch(0)):
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def stream(make_batch: MakeBatch, start: int, stop: int, *, fixed: bool = False) -> tf.data.Dataset:
    """Returns batches `start` to `stop`, made while the step before them computes.

    Args:
        make_batch: A pure function from step number to batch.
        start: First step.
        stop: Past the last step.
        fixed: Whether all batches have one shape, which TPUs ask for and XLA likes.
    """

    def generate() -> Iterator[Batch]:
        for step in range(start, stop):
            yield make_batch(step)

    def spec(array: Ints) -> tf.TensorSpec:
        return tf.TensorSpec(array.shape if fixed else [None] * array.ndim, array.dtype)

    signature: Any = tf.nest.map_structure(spec, make_batch(start))
    dataset = tf.data.Dataset.from_generator(generate, output_signature=signature)
    sized = dataset.apply(tf.data.experimental.assert_cardinality(stop - start))
    options = tf.data.Options()  # every worker makes every batch and takes its rows of it
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return sized.prefetch(tf.data.AUTOTUNE).with_options(options)


class EpochOrder:
    """Which examples each step takes: all of them once per epoch, in a new order.

    Examples of similar length share a batch.

    Args:
        lengths: Tokens of each example.
        batch_size: B.
        seed: The only source of chance.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.steps_per_epoch = -(-len(lengths) // batch_size)
        self._plan = lru_cache(maxsize=2)(self._make_plan)

    def __call__(self, step: int) -> Ints:
        """Returns the indices, int32 [B], of the examples of one step; fewer at an epoch's end."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return self._plan(epoch)[place]

    def _make_plan(self, epoch: int) -> list[Ints]:
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.lengths)).astype(np.int32)
        pool = self.batch_size * _POOL
        batches: list[Ints] = []
        for start in range(0, len(order), pool):
            members = order[start : start + pool]
            members = members[np.argsort(self.lengths[members], kind="stable")]
            batches += [
                members[first : first + self.batch_size]
                for first in range(0, len(members), self.batch_size)
            ]
        return [batches[place] for place in rng.permutation(len(batches))]
