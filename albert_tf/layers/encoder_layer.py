"""One layer of the encoder in its two halves, so that each can be shared on its own.

embeddings  ->  encoder: [encoder_layer], again and again  ->  heads

Shape letters: B sequences, T tokens, Q places computed, H hidden, F feed-forward.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.activation import activation
from albert_tf.layers.attention import SelfAttention
from albert_tf.layers.dense import Dense
from albert_tf.layers.embeddings import initializer, layer_norm


class AttentionBlock(keras.layers.Layer):
    """Self-attention, normalized after the residual sum.

    Inputs:
        readers: float [B, Q, H], the places to compute: all of x, or some of it.
        x: float [B, T, H].
        padding_mask: int32 [B, T], 1 for real tokens.

    Output: float [B, Q, H].

    Source: google-research/albert modeling.py, attention_ffn_block.
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = SelfAttention(config, dtype=self.dtype_policy, name="attention")
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob, dtype=self.dtype_policy)
        self.norm = layer_norm("norm")

    @property
    def dropouts(self) -> list[keras.layers.Dropout]:
        """All that draw at random in one call, each once."""
        return [self.attention.dropout, self.dropout]

    def build(self, readers_shape: Any, x_shape: Any, padding_mask_shape: Any) -> None:
        self.attention.build(readers_shape, x_shape, padding_mask_shape)
        self.norm.build(x_shape)

    def call(
        self, readers: Tensor, x: Tensor, padding_mask: Tensor, training: bool = False
    ) -> Tensor:
        attended = self.attention(readers, x, padding_mask, training=training)  # [B, Q, H]
        x = self.norm(readers + self.dropout(attended, training=training))
        return ops.cast(x, self.compute_dtype)  # [B, Q, H]


class FeedForwardBlock(keras.layers.Layer):
    """Two linear layers around an activation, normalized after the residual sum.

    Input: float [B, Q, H].

    Output: float [B, Q, H].

    Source: google-research/albert modeling.py, attention_ffn_block.
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.intermediate = self._dense(config.intermediate_size, "intermediate")
        self.activation = activation(config.hidden_act)
        self.output_projection = self._dense(config.hidden_size, "output")
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob, dtype=self.dtype_policy)
        self.norm = layer_norm("norm")

    @property
    def dropouts(self) -> list[keras.layers.Dropout]:
        """All that draw at random in one call, each once."""
        return [self.dropout]

    def _dense(self, width: int, name: str) -> Dense:
        return Dense(
            width,
            kernel_initializer=initializer(self.config),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, x_shape: Any) -> None:
        self.intermediate.build(x_shape)
        self.output_projection.build((*x_shape[:-1], self.config.intermediate_size))
        self.norm.build(x_shape)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        wide = self.activation(self.intermediate(x), training=training)  # [B, Q, F]
        narrow = self.output_projection(wide)  # [B, Q, H]
        x = self.norm(x + self.dropout(narrow, training=training))
        return ops.cast(x, self.compute_dtype)  # [B, Q, H]
