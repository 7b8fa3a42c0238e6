"""What stands on the encoder: the pooler and the masked-language-model head.

embeddings  ->  encoder  ->  [heads]

Shape letters: B sequences, T tokens, M masked places, H hidden, E embedding, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.embeddings import initializer, layer_norm
from albert_tf.layers.encoder_layer import activation


def dense_head(config: AlbertConfig, width: int, name: str) -> keras.layers.Dense:
    """A linear layer on top of the model, float32 so that losses are exact."""
    return keras.layers.Dense(
        width, kernel_initializer=initializer(config), dtype="float32", name=name
    )


class Pooler(keras.layers.Layer):
    """Squeezes a sequence into one vector: tanh of a projection of its first token.

    Input: float [B, T, H].

    Output: float [B, H].

    Source: google-research/albert modeling.py, AlbertModel, "pooler".
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.dense = keras.layers.Dense(
            config.hidden_size,
            activation="tanh",
            kernel_initializer=initializer(config),
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, sequence_output_shape: Any) -> None:
        self.dense.build((sequence_output_shape[0], self.config.hidden_size))

    def call(self, sequence_output: Tensor) -> Tensor:
        return self.dense(sequence_output[:, 0, :])  # [B, H]


class MaskedLMHead(keras.layers.Layer):
    """Guesses the token at each masked place, with the embedding table as its last layer.

    Args:
        config: Sizes.
        table: The token table of the backbone, tied to this head's output.

    Inputs:
        sequence_output: float [B, T, H].
        mask_positions: int32 [B, M].

    Output: float32 logits [B, M, V].

    Source: google-research/albert run_pretraining.py, get_masked_lm_output.
    """

    def __init__(self, config: AlbertConfig, table: keras.layers.Embedding, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.table = table
        self.dense = keras.layers.Dense(
            config.embedding_size,
            kernel_initializer=initializer(config),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.activation = activation(config.hidden_act)
        self.norm = layer_norm("norm")

    def build(self, sequence_output_shape: Any, mask_positions_shape: Any) -> None:
        self.dense.build(sequence_output_shape)
        self.norm.build((*sequence_output_shape[:-1], self.config.embedding_size))
        self.bias = self.add_weight(
            shape=(self.config.vocab_size,), initializer="zeros", dtype="float32", name="bias"
        )

    def call(self, sequence_output: Tensor, mask_positions: Tensor) -> Tensor:
        places = ops.expand_dims(mask_positions, -1)  # [B, M, 1]
        x = ops.take_along_axis(sequence_output, places, axis=1)  # [B, M, H]
        x = ops.cast(self.norm(self.activation(self.dense(x))), self.compute_dtype)  # [B, M, E]
        table = ops.cast(self.table.embeddings, x.dtype)  # [V, E]
        return ops.matmul(x, ops.transpose(table)) + self.bias  # [B, M, V]

    def compute_output_shape(self, sequence_output_shape: Any, mask_positions_shape: Any) -> Any:
        return (*mask_positions_shape, self.config.vocab_size)
