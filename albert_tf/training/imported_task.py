"""What the head of an imported model is for.

models.checkpoints  ->  [imported_task.for_task, imported_task.task_of]  ->  import_checkpoint
"""

from __future__ import annotations

from dataclasses import replace

from albert_tf.models.checkpoints.tensors import Imported
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task

ONE_ROW_TASKS = ("multiple_choice", "regression")


def for_task(imported: Imported, file_format: str, name: str | None) -> Imported:
    """Gives a model the head that its one row is for.

    Args:
        imported: What a layout said.
        file_format: Of that layout. The official race_utils.py and classifier_utils.py write the
            same names and shapes.
        name: One of `ONE_ROW_TASKS`, or None.

    Raises:
        ValueError: the layout does not say and `name` is missing, or it does and `name` is given.
    """
    model = imported.model
    unsaid = file_format == "google" and isinstance(model, AlbertMultipleChoice)
    if unsaid and name not in ONE_ROW_TASKS:
        raise ValueError(
            f"the checkpoint has a head of one row, for options as those of RACE or for numbers as "
            f"those of STS-B; task must say which: {' or '.join(ONE_ROW_TASKS)}; got {name!r}."
        )
    if name is not None and not unsaid:
        raise ValueError(
            f"task {name!r} is for a google checkpoint with a head of one row alone, and this is "
            f"none; leave it out."
        )
    if name != "regression":
        return imported
    regressor = AlbertTextRegressor(model.backbone, compile=False)
    regressor.head.set_weights(model.head.get_weights())
    return replace(imported, model=regressor)


def task_of(imported: Imported) -> Task | None:
    """The task of a fine-tuned model, so that it can be evaluated and exported at once."""
    model = imported.model
    longest = getattr(model, "backbone", model).config.max_position_embeddings
    if isinstance(model, AlbertTextClassifier):
        return ClassificationTask(labels=imported.labels, sequence_length=min(128, longest))
    if isinstance(model, AlbertQuestionAnswerer):
        return QuestionAnsweringTask(sequence_length=min(384, longest))
    if isinstance(model, AlbertTextRegressor):
        return RegressionTask(sequence_length=min(128, longest))
    if isinstance(model, AlbertMultipleChoice):
        return MultipleChoiceTask(
            num_choices=model.num_choices,
            sequence_length=min(512, longest),
            max_qa_length=min(128, longest // 4),  # a quarter, as of 512
        )
    return None
