"""Opens the fine-tuned model in a folder, whichever task it is for.

training.finetune  ->  model folder  ->  [saved.load_task_model]  ->  training.evaluate, export
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer


def load_task_model(directory: Path, task_name: str) -> keras.Model:
    """Opens the Keras model of a task, not compiled.

    Args:
        directory: As `save_to_preset` wrote it.
        task_name: "classification" or "question_answering".

    Raises:
        FileNotFoundError: the folder holds no model.
    """
    if not (directory / "task.json").exists():
        raise FileNotFoundError(f"{directory} holds no fine-tuned model: task.json is missing.")
    kinds: dict[str, Any] = {
        "classification": AlbertTextClassifier,
        "question_answering": AlbertQuestionAnswerer,
    }
    return kinds[task_name].from_preset(str(directory), compile=False)
