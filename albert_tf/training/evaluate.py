"""Opens a fine-tuned Keras model so that it answers as an exported one does.

finetune  ->  [evaluate.load]  ->  scores

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from albert_tf.examples.packing import Ints
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.saved import load_task_model
from albert_tf.tasks.task import Floats, TaskModel, read_task
from albert_tf.text.tokenizer import load_tokenizer

_BATCH_SIZE = 32


def load(directory: str | Path) -> TaskModel:
    """Opens the folder of a fine-tuned Keras model.

    Raises:
        FileNotFoundError: the folder holds no such model.
        ValueError: it is damaged.
    """
    directory = Path(directory)
    task = read_task(directory)
    model = load_task_model(directory, task.name)
    flat = isinstance(model, AlbertMultipleChoice)  # an option is an input of its own
    answer = tf.function(
        lambda inputs: model.score_options(inputs) if flat else model(inputs, training=False),
        input_signature=[
            {
                name: tf.TensorSpec([None, None], tf.int32)
                for name in ("token_ids", "segment_ids", "padding_mask")
            }
        ],
    )

    def run(batch: dict[str, Ints]) -> dict[str, Floats]:
        return {name: output.numpy() for name, output in answer(batch).items()}

    return TaskModel(task, load_tokenizer(directory), run, _BATCH_SIZE)
