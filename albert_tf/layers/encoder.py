"""The encoder: a few layers, applied many times.

embeddings  ->  [encoder.AlbertEncoder]  ->  heads

Shape letters: B sequences, T tokens, H hidden.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.encoder_layer import EncoderLayer


class AlbertEncoder(keras.layers.Layer):
    """Applies each group of layers `repeats_per_group` times, one group after the other.

    ALBERT has one group of one layer. With as many groups as layers nothing is shared,
    and this is BERT's encoder.

    Like `keras.layers.RNN`, it has `unroll`: True lays the repeats out one by one, which
    trains fastest; False makes each group the body of one loop, which is what a phone
    should load. Both give the same numbers.

    Inputs:
        x: float [B, T, H].
        padding_mask: int32 [B, T], 1 for real tokens.

    Output: float [B, T, H].

    Source: ALBERT (arXiv:1909.11942) section 3.1, "Cross-layer parameter sharing";
    google-research/albert modeling.py, transformer_model.
    """

    def __init__(self, config: AlbertConfig, unroll: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.unroll = unroll
        self.groups = [
            [
                EncoderLayer(config, dtype=self.dtype_policy, name=f"group_{group}_layer_{inner}")
                for inner in range(config.inner_group_num)
            ]
            for group in range(config.num_hidden_groups)
        ]

    def build(self, x_shape: Any, padding_mask_shape: Any) -> None:
        for group in self.groups:
            for layer in group:
                layer.build(x_shape, padding_mask_shape)

    def call(self, x: Tensor, padding_mask: Tensor, training: bool = False) -> Tensor:
        for group in self.groups:

            def once(x: Tensor, group: list[EncoderLayer] = group) -> Tensor:
                for layer in group:
                    x = layer(x, padding_mask, training=training)
                return x

            if self.unroll:
                for _ in range(self.config.repeats_per_group):
                    x = once(x)
            else:
                x = ops.fori_loop(0, self.config.repeats_per_group, lambda _, x: once(x), x)
        return x  # [B, T, H]
