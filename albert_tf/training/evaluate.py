"""Opens a fine-tuned Keras model so that it answers as an exported one does.

finetune  ->  [evaluate.load]  ->  scores
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.models.saved import load_task_model
from albert_tf.tasks.task import TaskModel, read_task
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.training.evaluation import compiled_answers

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
    run = compiled_answers(model)
    return TaskModel(task, load_tokenizer(directory), run, _BATCH_SIZE)
