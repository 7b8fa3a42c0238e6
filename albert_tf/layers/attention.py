"""Multi-head self-attention, the heart of the encoder layer.

embeddings  ->  encoder_layer: [attention.SelfAttention], feed-forward  ->  heads

Shape letters: B sequences, T tokens, Q places that look, H hidden, A heads, D = H / A.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.dense import Dense, sizes
from albert_tf.layers.embeddings import initializer

# Added to the score of a padded place. Its weight is e^-100 of a real one's, which is
# nothing in float32, while -10000 would spoil the activation ranges of int8.
MASKED_SCORE = -100.0


class SelfAttention(keras.layers.Layer):
    """Lets places of a sequence look at every real token of it, in A heads.

    Inputs:
        readers: float [B, Q, H], the places that look: all of x, or some of it.
        x: float [B, T, H].
        padding_mask: int32 [B, T], 1 for real tokens.

    Output: float [B, Q, H], after the output projection, before residual and norm.

    The softmax is computed in float32 whatever the dtype policy.

    Source: google-research/albert modeling.py, attention_layer.
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.query = self._dense("query")
        self.key = self._dense("key")
        self.value = self._dense("value")
        self.output_projection = self._dense("output")
        self.dropout = keras.layers.Dropout(
            config.attention_probs_dropout_prob, dtype=self.dtype_policy
        )

    def _dense(self, name: str) -> Dense:
        return Dense(
            self.config.hidden_size,
            kernel_initializer=initializer(self.config),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, readers_shape: Any, x_shape: Any, padding_mask_shape: Any) -> None:
        for layer in (self.query, self.key, self.value, self.output_projection):
            layer.build(x_shape)

    def call(
        self, readers: Tensor, x: Tensor, padding_mask: Tensor, training: bool = False
    ) -> Tensor:
        # Scaled here, where there are fewer numbers than there are scores.
        scale = self.config.head_size**-0.5
        query = self._split(self.query(readers) * scale)  # [B, A, Q, D]
        key = self._split(self.key(x))  # [B, A, T, D]
        value = self._split(self.value(x))  # [B, A, T, D]
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))  # [B, A, Q, T]
        scores = ops.cast(scores, "float32")
        hidden = 1.0 - ops.cast(padding_mask[:, None, None, :], "float32")  # [B, 1, 1, T]
        weights = ops.cast(ops.softmax(scores + hidden * MASKED_SCORE), self.compute_dtype)
        context = ops.matmul(self.dropout(weights, training=training), value)  # [B, A, Q, D]
        context = ops.transpose(context, (0, 2, 1, 3))
        return self.output_projection(ops.reshape(context, sizes(readers)))  # [B, Q, H]

    def _split(self, x: Tensor) -> Tensor:
        batch, length = sizes(x)[:2]
        heads = (batch, length, self.config.num_attention_heads, self.config.head_size)
        return ops.transpose(ops.reshape(x, heads), (0, 2, 1, 3))
