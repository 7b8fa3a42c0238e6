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
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.squad import AnswerPrediction, QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import TaskModel


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertQuestionAnswerer(AlbertTask, keras_hub.models.Task):
    """Scores every token as the first and as the last of the answer.

    Padded tokens are scored like any other; decoding looks only at passage tokens.

    Args:
        backbone: The body.
        preprocessor: An `AlbertPreprocessor`, for texts; None for arrays alone. `predict` gives
            a ragged tensor for texts whose batches have several widths; `answer` decodes.

    Inputs: those of the backbone.

    Outputs, as a dict: `start` and `end`, float32 logits [B, T].

    Targets, as a dict: `start` and `end`, int32 [B], token positions.

    Source: google-research/albert squad_utils.py, create_v1_model.
    """

    head_weights: ClassVar = {"start": 0.5, "end": 0.5}

    def __init__(
        self,
        backbone: AlbertBackbone,
        preprocessor: AlbertPreprocessor | None = None,
        **kwargs: Any,
    ) -> None:
        # === Layers ===
        head = dense_head(backbone.config, 2, "span")

        # === Functional model ===
        inputs = model_inputs()
        scores = head(backbone(inputs)["sequence_output"])  # [B, T, 2]
        outputs = {"start": scores[:, :, 0], "end": scores[:, :, 1]}
        super().__init__(inputs, outputs, backbone, preprocessor, **kwargs)

        # === Config ===
        self.head = head

    def answer(self, question: str, context: str, **settings: Any) -> AnswerPrediction:
        """Finds the answer to a question in a passage of any length.

        Args:
            question: One question.
            context: The passage.
            **settings: Of `tasks.squad.QuestionAnsweringTask`, such as `max_answer_length`.

        Returns:
            The words of the passage, their place in it, and their score.

        Raises:
            ValueError: the model has no preprocessor, and so no vocabulary.
        """
        tokenizer, length = self.vocabulary("answer")
        task = QuestionAnsweringTask(**{"sequence_length": length, **settings})
        answer: AnswerPrediction = TaskModel(task, tokenizer, self.run).predict(
            QuestionExample(question, context)
        )
        return answer
