"""Token ids to vectors: the factorized embedding that opens every model.

[embeddings.FactorizedEmbedding]  ->  encoder  ->  heads

Shape letters: B sequences, T tokens, V vocabulary, E embedding, H hidden.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.dense import Dense


def initializer(config: AlbertConfig) -> keras.initializers.Initializer:
    """The one initializer of every kernel and table: a normal cut at two deviations."""
    return keras.initializers.TruncatedNormal(stddev=config.initializer_range)


def layer_norm(name: str) -> keras.layers.LayerNormalization:
    """Layer normalization as released.

    The official epsilon is zero in float16, so this layer stays float32.
    """
    return keras.layers.LayerNormalization(epsilon=1e-12, dtype="float32", name=name)


@keras.saving.register_keras_serializable(package="albert_tf")
class FactorizedEmbedding(keras.layers.Layer):
    """Looks tokens up in a V x E table and projects them to H, so the table stays small.

    Where E equals H, as in BERT, there is no projection.

    Inputs:
        token_ids: int32 [B, T].
        segment_ids: int32 [B, T], 0 or 1.

    Output: float [B, T, H]. Layer normalization comes before the projection.

    Raises:
        ValueError: sequences longer than `max_position_embeddings`, where their length is known
            when a graph is traced. Beyond it TensorFlow refuses the lookup on a CPU, and reads
            rows of other positions where it is compiled by XLA.

    Source: ALBERT (arXiv:1909.11942) section 3.1; google-research/albert
    modeling.py, embedding_postprocessor.
    """

    def __init__(self, config: AlbertConfig | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        config = config if isinstance(config, AlbertConfig) else AlbertConfig.from_dict(config)
        self.config = config
        self.token = self._table("token", config.vocab_size)
        self.position = self._table("position", config.max_position_embeddings)
        self.segment = self._table("segment", config.type_vocab_size)
        self.norm = layer_norm("norm")
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob, dtype=self.dtype_policy)
        self.projection = None
        if config.embedding_size != config.hidden_size:
            self.projection = Dense(
                config.hidden_size,
                kernel_initializer=initializer(config),
                dtype=self.dtype_policy,
                name="projection",
            )

    def _table(self, name: str, rows: int) -> keras.layers.Embedding:
        return keras.layers.Embedding(
            rows,
            self.config.embedding_size,
            embeddings_initializer=initializer(self.config),
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, token_ids_shape: Any, segment_ids_shape: Any) -> None:
        for table in (self.token, self.position, self.segment):
            table.build(token_ids_shape)
        embedded = (*token_ids_shape, self.config.embedding_size)
        self.norm.build(embedded)
        if self.projection is not None:
            self.projection.build(embedded)

    def call(self, token_ids: Tensor, segment_ids: Tensor, training: bool = False) -> Tensor:
        length, longest = ops.shape(token_ids)[1], self.config.max_position_embeddings
        # A tensor where a graph is traced for any length.
        if isinstance(length, int) and length > longest:
            raise ValueError(
                f"token_ids must be at most max_position_embeddings ({longest}) long; got {length}."
                f" Cut texts to a sequence_length of {longest}."
            )
        positions = ops.arange(length)  # [T]
        x = self.token(token_ids) + self.position(positions) + self.segment(segment_ids)
        x = ops.cast(self.norm(x), self.compute_dtype)
        x = self.dropout(x, training=training)  # [B, T, E]
        return x if self.projection is None else self.projection(x)  # [B, T, H]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": asdict(self.config)}

    def compute_output_shape(self, token_ids_shape: Any, segment_ids_shape: Any) -> Any:
        return (*token_ids_shape, self.config.hidden_size)
