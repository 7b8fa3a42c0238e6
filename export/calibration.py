"""Examples of a task as inputs of a model, for recipes that must see some.

tasks  ->  [calibration.read_sample, calibration.task_inputs]  ->  quantize

Shape letters: B inputs of one call, T tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from albert_tf.examples.packing import Ints, pad_batch
from albert_tf.export.signature import Form
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer

_DEFAULT = Form()


def read_sample(task: Task, path: Path, limit: int = 200) -> list[Any]:
    """Reads a labelled file in the layout of a task, and draws some examples from all of it.

    Args:
        task: How to read it.
        path: A file that the model was trained on, or one like it; not one it is scored on.
        limit: Most examples to draw.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the examples are not of the task.
    """
    examples = task.read(path)
    return random.Random(0).sample(examples, min(limit, len(examples)))


def task_inputs(
    task: Task, tokenizer: Tokenizer, examples: Sequence[Any], form: Form = _DEFAULT
) -> list[dict[str, Ints]]:
    """What the model reads to answer each example.

    Args:
        task: What the examples are of.
        tokenizer: Of the model.
        examples: As the task reads them.
        form: Of the file; inputs are padded to a fixed length, and repeated to fill a batch.

    Returns:
        int32 [B, T] by name, for every window.
    """
    pad_id = tokenizer.special.pad
    return [
        in_form(pad_batch([window.packed], pad_id=pad_id), form, pad_id)
        for example in examples
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
