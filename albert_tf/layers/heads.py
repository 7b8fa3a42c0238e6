"""What stands on the encoder: the pooler and the masked-language-model head.

embeddings  ->  encoder  ->  [heads]

Shape letters: B sequences, T tokens, M masked places, H hidden, E embedding, V vocabulary.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.activation import activation
from albert_tf.layers.dense import Dense, by_rows
from albert_tf.layers.embeddings import initializer, layer_norm


def dense_head(config: AlbertConfig, width: int, name: str) -> Dense:
    """A linear layer on top of the model, float32 so that losses are exact."""
    return Dense(width, kernel_initializer=initializer(config), dtype="float32", name=name)


@keras.saving.register_keras_serializable(package="albert_tf")
class Pooler(keras.layers.Layer):
    """Squeezes a sequence into one vector: tanh of a projection of its first token.

    Input: float [B, T, H], or any places of it with [CLS] first.

    Output: float [B, H].

    Source: google-research/albert modeling.py, AlbertModel, "pooler".
    """

    def __init__(self, config: AlbertConfig | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        config = config if isinstance(config, AlbertConfig) else AlbertConfig.from_dict(config)
        self.config = config
        self.dense = Dense(
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": asdict(self.config)}


class MaskedLMHead(keras.layers.Layer):
    """Guesses the token at each masked place, with the embedding table as its last layer.

    Args:
        config: Sizes.
        table: The token table of the backbone, tied to this head's output.

    Input: float [B, M, H], the hidden states at the masked places.

    Output: float32 logits [B, M, V].

    Source: google-research/albert run_pretraining.py, get_masked_lm_output.
    """

    def __init__(self, config: AlbertConfig, table: keras.layers.Embedding, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.table = table
        self.dense = Dense(
            config.embedding_size,
            kernel_initializer=initializer(config),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.activation = activation(config.hidden_act)
        self.norm = layer_norm("norm")

    def build(self, states_shape: Any) -> None:
        self.dense.build(states_shape)
        self.norm.build((*states_shape[:-1], self.config.embedding_size))
        self.bias = self.add_weight(
            shape=(self.config.vocab_size,), initializer="zeros", dtype="float32", name="bias"
        )

    def call(self, states: Tensor) -> Tensor:
        x = self.norm(self.activation(self.dense(states)))  # [B, M, E]
        table = self.table.embeddings  # [V, E]
        if self.table.quantization_mode:  # then these are integers, without their scales
            table = self.table(ops.arange(self.config.vocab_size))
        table = ops.cast(table, self.compute_dtype)

        def logits(rows: Tensor) -> Tensor:
            return ops.cast(ops.matmul(rows, ops.transpose(table)), "float32") + self.bias

        return by_rows(logits, ops.cast(x, self.compute_dtype))  # [B, M, V]

    def compute_output_shape(self, states_shape: Any) -> Any:
        return (*states_shape[:-1], self.config.vocab_size)
