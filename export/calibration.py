"""Examples of a task as inputs of a model, for recipes that must see some.

tasks  ->  [calibration.read_inputs]  ->  quantize

Shape letters: T tokens.
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.examples.packing import Ints, pad_batch
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer


def read_inputs(
    task: Task, tokenizer: Tokenizer, path: Path, limit: int = 200
) -> list[dict[str, Ints]]:
    """Reads a labelled file in the layout of a task.

    Args:
        task: How to read it.
        tokenizer: Of the model.
        path: A file that the model was trained on, or one like it; not one it is scored on.
        limit: Most examples to read.

    Returns:
        What the model reads to answer each example, int32 [1, T] by name, not padded.
    """
    return [
        pad_batch([window.packed], pad_id=tokenizer.special.pad)
        for example in task.read(path, limit)
        for window in task.windows(example, tokenizer)
    ]
