"""Lets a model read its embedding tables by an operation that the quantizer knows.

signature: [lookup.as_lookups]  ->  convert  ->  quantize

Shape letters: V rows of a table, E its width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from albert_tf.layers.dense import sizes
from albert_tf.layers.embeddings import FactorizedEmbedding


@contextmanager
def as_lookups(embedding: FactorizedEmbedding) -> Iterator[None]:
    """While it lasts, a graph traced through `embedding` has EMBEDDING_LOOKUP operations.

    Keras reads a table by GATHER, which litert_quantizer leaves in float: a third of the
    file. EMBEDDING_LOOKUP gives the same rows, and may keep them in 8 or 4 bits with a
    scale for each row or each block of one.

    Args:
        embedding: Of a model that is built.
    """
    tables = (embedding.token, embedding.position, embedding.segment)
    for table in tables:
        table.call = _lookup(table)
    try:
        yield
    finally:
        for table in tables:
            del table.call


def _lookup(table: keras.layers.Embedding) -> Callable[[tf.Tensor], tf.Tensor]:
    """Reads rows of a table, in a form of which the converter makes one EMBEDDING_LOOKUP."""

    # By this mark TensorFlow's converter knows a function of a table [V, E] and ids [N]
    # to be that operation, whatever its body (lite/transforms/prepare_composite_functions).
    @tf.function(experimental_implements="embedding_matmul", autograph=False)
    def rows(values: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        return tf.gather(values, ids)

    def call(ids: tf.Tensor) -> tf.Tensor:
        found = rows(table.embeddings.value, tf.reshape(ids, [-1]))
        return tf.reshape(found, [*sizes(ids), table.output_dim])

    return call
