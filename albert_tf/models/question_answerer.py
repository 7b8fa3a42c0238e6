"""The backbone with a span finder for extractive question answering.

backbone  ->  [question_answerer.AlbertQuestionAnswerer]  ->  training.finetune, export

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import keras_hub

from albert_tf.layers.heads import dense_head
from albert_tf.models.backbone import AlbertBackbone, model_inputs
from albert_tf.models.task_model import AlbertTask


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertQuestionAnswerer(AlbertTask, keras_hub.models.Task):
    """Scores every token as the first and as the last of the answer.

    Padded tokens are scored like any other; decoding looks only at passage tokens.

    Inputs: those of the backbone.

    Outputs, as a dict: `start` and `end`, float32 logits [B, T].

    Targets, as a dict: `start` and `end`, int32 [B], token positions.

    Source: google-research/albert squad_utils.py, create_v1_model.
    """

    head_weights: ClassVar = {"start": 0.5, "end": 0.5}

    def __init__(self, backbone: AlbertBackbone, preprocessor: Any = None, **kwargs: Any) -> None:
        # === Layers ===
        head = dense_head(backbone.config, 2, "span")

        # === Functional model ===
        inputs = model_inputs()
        scores = head(backbone(inputs)["sequence_output"])  # [B, T, 2]
        outputs = {"start": scores[:, :, 0], "end": scores[:, :, 1]}
        super().__init__(inputs, outputs, backbone, preprocessor, **kwargs)

        # === Config ===
        self.head = head
