"""The backbone with a sentence classifier.

backbone  ->  [classifier.AlbertTextClassifier]  ->  training.finetune, export

Shape letters: B sequences, T tokens, C classes.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from albert_tf.layers.heads import dense_head
from albert_tf.models.backbone import AlbertBackbone, model_inputs
from albert_tf.models.pretrainer import cross_entropy


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertTextClassifier(keras_hub.models.TextClassifier):
    """Scores each class of a sentence or a pair from the pooled output.

    Args:
        backbone: The body.
        num_classes: C, at least 2.
        dropout: Rate on the pooled output while training.

    Inputs: those of the backbone.

    Output, as a dict: `logits`, float32 [B, C].

    Targets: int32 [B].

    Source: google-research/albert run_classifier.py, create_model.
    """

    backbone_cls = AlbertBackbone

    def __init__(
        self,
        backbone: AlbertBackbone,
        num_classes: int,
        dropout: float = 0.1,
        preprocessor: Any = None,
        **kwargs: Any,
    ) -> None:
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2; got {num_classes}.")

        # === Layers ===
        head = dense_head(backbone.config, num_classes, "logits")

        # === Functional model ===
        inputs = model_inputs()
        first = keras.ops.zeros_like(inputs["token_ids"][:, :1])  # [B, 1], where [CLS] is
        pooled = backbone.pooler(backbone.states_at(inputs, first))
        outputs = {"logits": head(keras.layers.Dropout(dropout)(pooled))}
        # TextClassifier's own constructor takes no inputs; what it adds is its place
        # in KerasHub's family, which the class keeps.
        keras_hub.models.Task.__init__(self, inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.head = head
        self.num_classes = num_classes
        self.dropout = dropout

    def compile(
        self, optimizer: Any = "adamw", loss: Any = None, *, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Compiles with cross-entropy of the logits and accuracy."""
        keras_hub.models.Task.compile(
            self,
            optimizer=optimizer,
            loss=loss or {"logits": cross_entropy()},
            metrics=metrics
            or {"logits": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]},
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        config = keras_hub.models.Task.get_config(self)
        return {**config, "num_classes": self.num_classes, "dropout": self.dropout}
