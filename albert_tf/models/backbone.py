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

from albert_tf.config import AlbertConfig
from albert_tf.layers.embeddings import FactorizedEmbedding
from albert_tf.layers.encoder import AlbertEncoder
from albert_tf.layers.heads import Pooler


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertBackbone(keras_hub.models.Backbone):
    """Factorized embedding, shared encoder, pooler.

    Args:
        config: Sizes; also taken as the dict that `get_config` gives.
        dtype: Keras dtype policy, such as "mixed_bfloat16".

    Inputs, as a dict: `token_ids`, `segment_ids`, `padding_mask`, int32 [B, T].

    Outputs, as a dict: `sequence_output` float [B, T, H], `pooled_output` float [B, H].

    Raises:
        ValueError: the config is impossible.

    Source: google-research/albert modeling.py, AlbertModel.
    """

    def __init__(
        self, config: AlbertConfig | dict[str, Any], dtype: Any = None, **kwargs: Any
    ) -> None:
        config = config if isinstance(config, AlbertConfig) else AlbertConfig.from_dict(config)

        # === Layers ===
        embedding = FactorizedEmbedding(config, dtype=dtype, name="embedding")
        encoder = AlbertEncoder(config, dtype=dtype, name="encoder")
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
        self.token_embedding = embedding.token

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": asdict(self.config)}


def model_inputs() -> dict[str, Tensor]:
    """The three inputs every model takes, by name."""
    return {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "segment_ids", "padding_mask")
    }
