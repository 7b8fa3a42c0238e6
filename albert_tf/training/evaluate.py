"""Opens a fine-tuned Keras model and scores any model on a labelled file.

finetune, runtime  ->  [evaluate]  ->  scores

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from albert_tf.examples.packing import Ints
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.task import Floats, Task, TaskModel, read_task
from albert_tf.text.tokenizer import load_tokenizer


def load(directory: str | Path) -> TaskModel:
    """Opens the folder of a fine-tuned Keras model.

    Raises:
        FileNotFoundError: the folder holds no such model.
        ValueError: it is damaged.
    """
    directory = Path(directory)
    task = read_task(directory)
    model = load_model(directory, task)
    answer = tf.function(
        lambda inputs: model(inputs, training=False),
        input_signature=[
            {
                name: tf.TensorSpec([None, None], tf.int32)
                for name in ("token_ids", "segment_ids", "padding_mask")
            }
        ],
    )

    def run(batch: dict[str, Ints]) -> dict[str, Floats]:
        return {name: output.numpy() for name, output in answer(batch).items()}

    return TaskModel(task, load_tokenizer(directory), run)


def load_model(directory: Path, task: Task) -> keras.Model:
    """Opens the Keras model of a task, not compiled."""
    kind = (
        AlbertTextClassifier if isinstance(task, ClassificationTask) else AlbertQuestionAnswerer
    )
    return kind.from_preset(str(directory), compile=False)
