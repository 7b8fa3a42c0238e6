"""The body without heads: three integer inputs to hidden states.

layers  ->  [backbone.AlbertBackbone]  ->  pretrainer, classifier, question_answerer

Shape letters: B sequences, T tokens, H hidden.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
import keras_hub
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.embeddings import FactorizedEmbedding
from albert_tf.layers.encoder import AlbertEncoder
from albert_tf.layers.heads import Pooler

INPUT_NAMES = ("token_ids", "segment_ids", "padding_mask")


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertBackbone(keras_hub.models.Backbone):
    """Factorized embedding, shared encoder, pooler.

    Args:
        config: Sizes; also taken as the dict that `get_config` gives.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        remat: Whether training computes activations twice to store a layer of them, not L.

    Inputs, as a dict: `token_ids`, `segment_ids`, `padding_mask`, int32 [B, T].

    Outputs, as a dict: `sequence_output` float [B, T, H], `pooled_output` float [B, H].

    Raises:
        ValueError: the config is impossible.

    Source: google-research/albert modeling.py, AlbertModel.
    """

    def __init__(
        self,
        config: AlbertConfig | dict[str, Any],
        dtype: Any = None,
        remat: bool = False,
        **kwargs: Any,
    ) -> None:
        config = config if isinstance(config, AlbertConfig) else AlbertConfig.from_dict(config)

        # === Layers ===
        embedding = FactorizedEmbedding(config, dtype=dtype, name="embedding")
        encoder = AlbertEncoder(config, remat=remat, dtype=dtype, name="encoder")
        pooler = Pooler(config, dtype=dtype, name="pooler")

        # === Functional model ===
        inputs = model_inputs()
        x = embedding(inputs["token_ids"], inputs["segment_ids"])
        sequence_output = encoder(x, inputs["padding_mask"])
        outputs = {"sequence_output": sequence_output, "pooled_output": pooler(sequence_output)}
        super().__init__(inputs=inputs, outputs=outputs, dtype=dtype, **kwargs)

        # === Config ===
        self.config = config
        self.embedding = embedding
        self.encoder = encoder
        self.pooler = pooler
        self.token_embedding = embedding.token

    def states_at(self, inputs: dict[str, Tensor], positions: Tensor) -> Tensor:
        """Returns the hidden states at some places, sparing the last layer the others.

        Args:
            inputs: As the backbone takes.
            positions: int32 [B, M].

        Returns:
            float [B, M, H], equal to the rows of `sequence_output` at `positions`.
        """
        x = self.embedding(inputs["token_ids"], inputs["segment_ids"])
        return self.encoder(x, inputs["padding_mask"], positions)

    def pooled_at_first(self, inputs: dict[str, Tensor]) -> Tensor:
        """Returns the pooled output, sparing the last layer all tokens but [CLS].

        Args:
            inputs: As the backbone takes.

        Returns:
            float [B, H].
        """
        return self.pooler(self.states_at(inputs, first_places(inputs["token_ids"])))

    def get_config(self) -> dict[str, Any]:
        config = {"config": asdict(self.config), "remat": self.encoder.remat}
        return {**super().get_config(), **config}


def first_places(token_ids: Tensor) -> Tensor:
    """Where [CLS] is in sequences [B, T]: int32 [B, 1], a constant where B is known."""
    return ops.expand_dims(ops.zeros_like(token_ids[:, 0]), 1)


def model_inputs() -> dict[str, Tensor]:
    """The three inputs every model takes, by name."""
    return {name: keras.Input((None,), dtype="int32", name=name) for name in INPUT_NAMES}
