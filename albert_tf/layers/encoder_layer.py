"""One layer of the encoder: attention, then feed-forward, each with residual and norm.

embeddings  ->  encoder: [encoder_layer.EncoderLayer], again and again  ->  heads

Shape letters: B sequences, T tokens, H hidden, F feed-forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.attention import SelfAttention
from albert_tf.layers.embeddings import initializer, layer_norm


class EncoderLayer(keras.layers.Layer):
    """Attention and feed-forward, normalized after each residual sum.

    Inputs:
        x: float [B, T, H].
        padding_mask: int32 [B, T], 1 for real tokens.

    Output: float [B, T, H].

    Source: google-research/albert modeling.py, attention_ffn_block.
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.attention = SelfAttention(config, dtype=self.dtype_policy, name="attention")
        self.attention_norm = layer_norm("attention_norm")
        self.intermediate = self._dense(config.intermediate_size, "intermediate")
        self.output_projection = self._dense(config.hidden_size, "output")
        self.output_norm = layer_norm("output_norm")
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob, dtype=self.dtype_policy)
        self.activation = activation(config.hidden_act)

    def _dense(self, width: int, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            width,
            kernel_initializer=initializer(self.config),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, x_shape: Any, padding_mask_shape: Any) -> None:
        self.attention.build(x_shape, padding_mask_shape)
        for layer in (self.attention_norm, self.intermediate, self.output_norm):
            layer.build(x_shape)
        self.output_projection.build((*x_shape[:-1], self.config.intermediate_size))

    def call(self, x: Tensor, padding_mask: Tensor, training: bool = False) -> Tensor:
        attended = self.attention(x, padding_mask, training=training)  # [B, T, H]
        x = self._normalize(self.attention_norm, x + self.dropout(attended, training=training))
        wide = self.activation(self.intermediate(x))  # [B, T, F]
        narrow = self.dropout(self.output_projection(wide), training=training)  # [B, T, H]
        return self._normalize(self.output_norm, x + narrow)  # [B, T, H]

    def _normalize(self, norm: keras.layers.LayerNormalization, x: Tensor) -> Tensor:
        return ops.cast(norm(x), self.compute_dtype)


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """Returns the function that `AlbertConfig.hidden_act` names."""
    functions: dict[str, Callable[[Tensor], Tensor]] = {
        "gelu": lambda x: ops.gelu(x, approximate=True),
        "gelu_erf": lambda x: ops.gelu(x, approximate=False),
        "relu": ops.relu,
    }
    return functions[name]
