"""The backbone with a head that gives a number for a sentence or a pair.

backbone  ->  [regressor.AlbertTextRegressor]  ->  training.finetune, export

Shape letters: B sequences, T tokens, H hidden.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from albert_tf.layers.heads import dense_head
from albert_tf.models.backbone import AlbertBackbone, model_inputs
from albert_tf.models.task_model import AlbertTask


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertTextRegressor(AlbertTask, keras_hub.models.Task):
    """Gives a number for a sentence or a pair from the pooled output.

    Args:
        backbone: The body.
        dropout: Rate on the pooled output while training.
        preprocessor: An `AlbertPreprocessor`, for texts; None for arrays alone.

    Inputs: those of the backbone.

    Output, as a dict: `score`, float32 [B], of any size.

    Targets: float32 [B].

    Source: google-research/albert run_classifier.py, create_model, where the task is sts-b.
    """

    def __init__(
        self,
        backbone: AlbertBackbone,
        dropout: float = 0.1,
        preprocessor: Any = None,
        **kwargs: Any,
    ) -> None:
        # === Layers ===
        head = dense_head(backbone.config, 1, "score")

        # === Functional model ===
        inputs = model_inputs()
        pooled = backbone.pooled_at_first(inputs)  # [B, H]
        scores = head(keras.layers.Dropout(dropout)(pooled))  # [B, 1]
        super().__init__(inputs, {"score": scores[:, 0]}, backbone, preprocessor, **kwargs)

        # === Config ===
        self.head = head
        self.dropout = dropout

    def compile(self, optimizer: Any = "auto", loss: Any = None, **kwargs: Any) -> None:
        """Compiles with the mean squared error, unless told otherwise; the rest as every model."""
        super().compile(optimizer, loss or "mean_squared_error", **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dropout": self.dropout}
