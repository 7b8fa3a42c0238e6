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
from albert_tf.models.task_model import AlbertTask


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertTextClassifier(AlbertTask, keras_hub.models.TextClassifier):
    """Scores each class of a sentence or a pair from the pooled output.

    Args:
        backbone: The body.
        num_classes: C, at least 2.
        dropout: Rate on the pooled output while training.
        preprocessor: An `AlbertPreprocessor`, for texts; None for arrays alone.

    Inputs: those of the backbone.

    Output, as a dict: `logits`, float32 [B, C].

    Targets: int32 [B].

    Raises:
        ValueError: fewer than two classes.

    Source: google-research/albert run_classifier.py, create_model.
    """

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
        pooled = backbone.pooled_at_first(inputs)  # [B, H]
        outputs = {"logits": head(keras.layers.Dropout(dropout)(pooled))}
        super().__init__(inputs, outputs, backbone, preprocessor, **kwargs)

        # === Config ===
        self.head = head
        self.num_classes = num_classes
        self.dropout = dropout

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes, "dropout": self.dropout}
