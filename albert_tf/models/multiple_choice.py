"""The backbone with a scorer of options, for questions with several answers to choose from.

backbone  ->  [multiple_choice.AlbertMultipleChoice]  ->  training.finetune, export

Shape letters: B questions, N options, T tokens, H hidden.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
from keras import ops

from albert_tf.layers.heads import dense_head
from albert_tf.models.backbone import INPUT_NAMES, AlbertBackbone
from albert_tf.models.task_model import AlbertTask


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertMultipleChoice(AlbertTask, keras_hub.models.Task):
    """Scores each option from the pooled output of its own sequence.

    Args:
        backbone: The body.
        num_choices: N, at least 2.
        dropout: Rate on the pooled output while training.
        preprocessor: An `AlbertPreprocessor`, kept for its vocabulary; options are no texts of a
            batch.

    Inputs, as a dict: `token_ids`, `segment_ids`, `padding_mask`, int32 [B, N, T].

    Output, as a dict: `logits`, float32 [B, N].

    Targets: int32 [B].

    Raises:
        ValueError: fewer than two choices.

    Source: google-research/albert race_utils.py, create_model.
    """

    def __init__(
        self,
        backbone: AlbertBackbone,
        num_choices: int = 4,
        dropout: float = 0.1,
        preprocessor: Any = None,
        **kwargs: Any,
    ) -> None:
        if num_choices < 2:
            raise ValueError(f"num_choices must be at least 2; got {num_choices}.")

        # === Layers ===
        head = dense_head(backbone.config, 1, "logits")
        drop = keras.layers.Dropout(dropout)

        # === Functional model ===
        inputs = {
            name: keras.Input((num_choices, None), dtype="int32", name=name) for name in INPUT_NAMES
        }
        as_batch = _OptionsAsBatch(dtype="int32", name="options_as_batch")
        flat = {name: as_batch(value) for name, value in inputs.items()}  # [B N, T]
        logits = head(drop(backbone.pooled_at_first(flat)))  # [B N, 1]
        outputs = {"logits": ops.reshape(logits, (-1, num_choices))}  # [B, N]
        super().__init__(inputs, outputs, backbone, preprocessor, **kwargs)

        # === Config ===
        self.head = head
        self.num_choices = num_choices
        self.dropout = dropout

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Scores options that come one by one, of whichever questions.

        Args:
            inputs: `token_ids`, `segment_ids`, `padding_mask`, int32 [B, T].

        Returns:
            `logits`, float32 [B, 1].
        """
        return {"logits": self.head(self.backbone.pooled_at_first(inputs))}

    def get_config(self) -> dict[str, Any]:
        ours = {"num_choices": self.num_choices, "dropout": self.dropout}
        return {**super().get_config(), **ours}


class _OptionsAsBatch(keras.layers.Layer):
    """[B, N, T] to [B N, T]: each option becomes a sequence of its own."""

    def call(self, x: Any) -> Any:
        return ops.reshape(x, (-1, ops.shape(x)[-1]))

    def compute_output_shape(self, x_shape: Any) -> Any:
        return (None, x_shape[-1])
