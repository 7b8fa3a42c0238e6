"""The backbone with both pretraining heads, trained by `compile` and `fit`.

backbone  ->  [pretrainer.AlbertPretrainer]  ->  training.pretrain

Shape letters: B sequences, T tokens, M masked places, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from albert_tf.layers.heads import MaskedLMHead, dense_head
from albert_tf.models.backbone import AlbertBackbone, model_inputs


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertPretrainer(keras_hub.models.Task):
    """Masked language modeling and sentence-order prediction on one backbone.

    Inputs, as a dict: those of the backbone and `mask_positions`, int32 [B, M].

    Outputs, as a dict: `mlm` float32 logits [B, M, V], `sop` float32 logits [B, 2].

    Targets, as a dict: `mlm` int32 [B, M] (the true ids) and `sop` int32 [B]; sample
    weights, as a dict: `mlm` [B, M] (1 for a masked place, 0 for filler) and `sop` [B].

    Source: ALBERT (arXiv:1909.11942) section 3.1.
    """

    backbone_cls = AlbertBackbone

    def __init__(self, backbone: AlbertBackbone, preprocessor: Any = None, **kwargs: Any) -> None:
        # === Layers ===
        config = backbone.config
        masked_lm = MaskedLMHead(config, backbone.token_embedding, name="mlm")
        sentence_order = dense_head(config, 2, "sop")

        # === Functional model ===
        inputs = model_inputs()
        body = backbone(inputs)
        inputs["mask_positions"] = keras.Input((None,), dtype="int32", name="mask_positions")
        outputs = {
            "mlm": masked_lm(body["sequence_output"], inputs["mask_positions"]),
            "sop": sentence_order(body["pooled_output"]),
        }
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.masked_lm = masked_lm
        self.sentence_order = sentence_order

    def compile(
        self,
        optimizer: Any = "adamw",
        loss: Any = None,
        *,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Compiles with both losses, each the mean over its own weights, and both accuracies."""
        accuracy = keras.metrics.SparseCategoricalAccuracy
        super().compile(
            optimizer=optimizer,
            loss=loss or {name: cross_entropy() for name in ("mlm", "sop")},
            weighted_metrics=weighted_metrics
            or {name: [accuracy(name="accuracy")] for name in ("mlm", "sop")},
            **kwargs,
        )


def cross_entropy() -> keras.losses.Loss:
    """Cross-entropy of logits, averaged over the sample weights."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
