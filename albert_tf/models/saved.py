"""Opens what `save_to_preset` wrote, with errors that name the folder.

training  ->  model folder  ->  [saved]  ->  training.finetune, training.evaluate, export
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from albert_tf.config import AlbertConfig
from albert_tf.json_file import read_json_object
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor

_BACKBONE_FILE = "config.json"
_TASK_FILE = "task.json"
_TASK_WEIGHTS = "task.weights.h5"
_TASK_MODELS = (
    AlbertPretrainer,
    AlbertTextClassifier,
    AlbertTextRegressor,
    AlbertQuestionAnswerer,
    AlbertMultipleChoice,
)


def load_backbone(directory: Path) -> AlbertBackbone:
    """Opens the backbone of any saved model.

    Raises:
        FileNotFoundError: the folder holds no model.
        ValueError: a file of it is damaged.
    """
    backbone: AlbertBackbone = _open(AlbertBackbone, directory, _BACKBONE_FILE)
    return backbone


def load_task_model(directory: Path, task_name: str) -> keras.Model:
    """Opens the fine-tuned model of a task, not compiled.

    Args:
        directory: Folder of the model.
        task_name: "classification", "regression", "multiple_choice" or "question_answering".

    Raises:
        FileNotFoundError: the folder holds no such model.
        ValueError: a file of it is damaged, or no model is fine-tuned for such a task.
    """
    kinds = {
        "classification": AlbertTextClassifier,
        "regression": AlbertTextRegressor,
        "multiple_choice": AlbertMultipleChoice,
        "question_answering": AlbertQuestionAnswerer,
    }
    if task_name not in kinds:
        raise ValueError(f"task_name must be one of {', '.join(kinds)}; got {task_name!r}.")
    return _open(kinds[task_name], directory, _TASK_FILE, compile=False)


def load_model(directory: Path) -> Any:
    """Opens a saved model with the heads it has, or the backbone if it has none.

    Raises:
        FileNotFoundError: the folder holds no model.
        ValueError: a file of it is damaged, or it is a model of another package.
    """
    path = directory / _TASK_FILE
    if not path.exists():
        return load_backbone(directory)
    name = read_json_object(path).get("class_name")
    for kind in _TASK_MODELS:
        if kind.__name__ == name:
            return _open(kind, directory, _TASK_FILE, compile=False)
    raise ValueError(f"{path} holds a {name}, which is not a model of this package.")


def check_vocabulary(directory: Path, pieces: int, config: AlbertConfig) -> None:
    """Sees that every piece of a vocabulary has a row in the table of the model beside it.

    Args:
        directory: Of both.
        pieces: Of the vocabulary.
        config: Of the model, whose table may be rounded up.

    Raises:
        ValueError: there are more pieces than rows.
    """
    if pieces > config.vocab_size:
        raise ValueError(
            f"{directory} must hold a vocabulary of at most vocab_size pieces "
            f"({config.vocab_size}); it holds {pieces}. Put that of the model there."
        )


def check_labels(directory: Path, labels: Sequence[str], model: Any) -> None:
    """Sees that every class of a model has a label in the task beside it.

    Args:
        directory: Of both.
        labels: Of the task.
        model: Of any kind; what is no classifier has no classes.

    Raises:
        ValueError: there are more or fewer labels than classes.
    """
    classes = getattr(model, "num_classes", 0)
    if len(labels) != classes:
        raise ValueError(
            f"{directory} must name a label for each class of its model ({classes}); its task "
            f"names {len(labels)}: {', '.join(labels)}. Put the task of that model there."
        )


def check_length(directory: Path, sequence_length: int, config: AlbertConfig) -> None:
    """Sees that a model has a position for every token that the task beside it reads.

    Args:
        directory: Of both.
        sequence_length: Of the task.
        config: Of the model.

    Raises:
        ValueError: there are fewer positions.
    """
    positions = config.max_position_embeddings
    if sequence_length > positions:
        raise ValueError(
            f"the task in {directory} must have a sequence_length of at most the model's "
            f"max_position_embeddings ({positions}); got {sequence_length}."
        )


def _open(kind: Any, directory: Path, file: str, **settings: Any) -> Any:
    if not (directory / file).exists():
        raise FileNotFoundError(f"{directory} holds no saved model: {file} is missing.")
    name = str(read_json_object(directory / file).get("registered_name", "of no name"))
    if ">" not in name or name.startswith(("keras_hub>", "keras_nlp>")):
        raise ValueError(
            f"{directory / file} describes a model of another package; import it first, with "
            f"albert-tf import."
        )
    # KerasHub would leave the heads to chance, and say nothing.
    if file == _TASK_FILE and not (directory / _TASK_WEIGHTS).exists():
        raise ValueError(f"the model in {directory} is damaged: {_TASK_WEIGHTS} is missing.")
    try:
        return kind.from_preset(str(directory), **settings)
    except OSError as error:
        raise ValueError(f"the model in {directory} is damaged: {error}.") from error
