"""Examples of a task as inputs of a model, for recipes that must see some.

tasks  ->  [calibration.read_inputs]  ->  quantize

Shape letters: B inputs of one call, T tokens.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from albert_tf.examples.packing import Ints, pad_batch
from albert_tf.export.signature import Form
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer


def read_inputs(
    task: Task, tokenizer: Tokenizer, path: Path, form: Form, limit: int = 200
) -> list[dict[str, Ints]]:
    """Reads a labelled file in the layout of a task.

    Args:
        task: How to read it.
        tokenizer: Of the model.
        path: A file that the model was trained on, or one like it; not one it is scored on.
        form: Of the file; inputs are padded to a fixed length, and repeated to fill a batch.
        limit: Most examples to read.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the examples are not of the task.

    Returns:
        What the model reads to answer each example, int32 [B, T] by name.
    """
    return [
        in_form(
            pad_batch([window.packed], pad_id=tokenizer.special.pad), form, tokenizer.special.pad
        )
        for example in task.read(path, limit)
        for window in task.windows(example, tokenizer)
    ]


def in_form(inputs: dict[str, Ints], form: Form, pad_id: int) -> dict[str, Ints]:
    """Pads one input [1, T] to a fixed length, and repeats it to fill a batch."""
    length = inputs["token_ids"].shape[1]
    room = (form.sequence_length or length) - length
    fillers = dict.fromkeys(inputs, 0) | {"token_ids": pad_id}
    return {
        name: np.pad(rows.repeat(form.batch, 0), ((0, 0), (0, room)), constant_values=fillers[name])
        for name, rows in inputs.items()
    }
