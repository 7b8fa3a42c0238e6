"""Opens what `save_to_preset` wrote, with errors that name the folder.

training  ->  model folder  ->  [saved]  ->  training.finetune, training.evaluate, export
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer


def load_backbone(directory: Path) -> AlbertBackbone:
    """Opens the backbone of any saved model.

    Raises:
        FileNotFoundError: the folder holds no model.
        ValueError: a file of it is damaged.
    """
    backbone: AlbertBackbone = _open(AlbertBackbone, directory, "config.json")
    return backbone


def load_task_model(directory: Path, task_name: str) -> keras.Model:
    """Opens the fine-tuned model of a task, not compiled.

    Args:
        directory: Folder of the model.
        task_name: "classification" or "question_answering".

    Raises:
        FileNotFoundError: the folder holds no such model.
        ValueError: a file of it is damaged.
    """
    kinds = {"classification": AlbertTextClassifier, "question_answering": AlbertQuestionAnswerer}
    return _open(kinds[task_name], directory, "task.json", compile=False)


def _open(kind: Any, directory: Path, file: str, **settings: Any) -> Any:
    if not (directory / file).exists():
        raise FileNotFoundError(f"{directory} holds no saved model: {file} is missing.")
    try:
        return kind.from_preset(str(directory), **settings)
    except OSError as error:
        raise ValueError(f"the model in {directory} is damaged: {error}.") from error
