"""The linear layer, and reshapes that leave as little as possible to be computed.

embeddings, encoder and heads: [dense]

A phone plans its memory before it computes. It can where the shapes of a reshape are constants,
of which one may be -1; where they are computed they have to be looked at for every answer, and
LiteRT's XNNPACK leaves such a reshape, and the room around it, to slower code.

Shape letters: I inputs, O outputs of a layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops


@keras.saving.register_keras_serializable(package="albert_tf")
class Dense(keras.layers.Dense):
    """Keras's linear layer as one product of two matrices, however many axes its input has.

    Keras on TensorFlow computes the sizes of that matrix in the graph, a dozen operations for
    each layer, where this has two constants. The numbers are the same.

    Input: float [..., I].

    Output: float [..., O].
    """

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        return by_rows(super().call, x)


def by_rows(product: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A function of a matrix, applied to all rows of a tensor at once.

    Args:
        product: [N, I] to [N, O].
        x: [..., I].

    Returns:
        [..., O].
    """
    rows = product(ops.reshape(x, (-1, x.shape[-1])))
    return ops.reshape(rows, (*sizes(x)[:-1], rows.shape[-1]))


def sizes(x: Tensor) -> tuple[Any, ...]:
    """The sizes of a tensor, for a reshape to some of them.

    Returns:
        Numbers, with -1 where one alone is not known; where several are not, as computed.
    """
    unknown = [size is None for size in x.shape]
    if sum(unknown) == 1:
        return tuple(-1 if size is None else size for size in x.shape)
    return tuple(ops.shape(x))
