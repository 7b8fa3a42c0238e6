"""Examples of a task as inputs of a model, for recipes that see some.

tasks, entering  ->  [calibration.show, calibration.task_inputs]  ->  centering, quantize

Shape letters: B inputs of one call, T tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from albert_tf.examples.packing import Ints, pad_batch
from albert_tf.export.entering import Entering, measure_entering, products
from albert_tf.export.heads import Head
from albert_tf.export.quantize import in_blocks
from albert_tf.export.recipes import BLOCKS, INTEGER_RECIPES
from albert_tf.export.signature import Form
from albert_tf.export.verify import random_inputs
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer

_EXAMPLES = 200  # at most, that are drawn
_TOKENS = 6144  # that are watched: about a minute of albert_base
_RANDOM_INPUTS, _RANDOM_LENGTH = 16, 128


@dataclass(frozen=True)
class Shown:
    """What a recipe saw of a task."""

    inputs: list[dict[str, Ints]]  # int32 [1, T] by name; none where it was shown no examples
    entering: Entering  # nothing for a recipe of floats


def show(
    model: Head,
    recipe: str,
    task: Task,
    tokenizer: Tokenizer,
    calibration: Path | None,
    progress: bool = False,
) -> Shown:
    """Reads examples for a recipe, and watches what one of integers has to know of a model.

    Args:
        model: What is exported.
        recipe: One of `recipes.RECIPES`.
        task: Of the model.
        tokenizer: Of the model.
        calibration: As `read_sample` takes it; None for no examples, and to watch the model
            read random pieces.
        progress: Whether to show a progress bar on stderr.
    """
    if recipe not in INTEGER_RECIPES:
        return Shown([], {})
    examples = read_sample(task, calibration) if calibration else []
    inputs = _first(task_inputs(task, tokenizer, examples))
    seen = inputs or _random(model, task, tokenizer)
    bar = tqdm(seen, "watching the layers", unit="input", disable=not progress)
    wanted = in_blocks(products(model.backbone)) if recipe in BLOCKS else ()
    return Shown(inputs, measure_entering(model.backbone, bar, wanted))


def _first(inputs: list[dict[str, Ints]]) -> list[dict[str, Ints]]:
    """As many as tell what is usual; more would take minutes."""
    before = np.cumsum([0, *(batch["token_ids"].size for batch in inputs)])
    return [batch for batch, tokens in zip(inputs, before, strict=False) if tokens < _TOKENS]


def _random(model: Head, task: Task, tokenizer: Tokenizer) -> list[dict[str, Ints]]:
    shape = (1, min(_RANDOM_LENGTH, task.sequence_length))
    config, rng = model.backbone.config, np.random.default_rng(0)
    batches = [random_inputs(shape, config, rng)[0] for _ in range(_RANDOM_INPUTS)]
    for batch in batches:
        batch["token_ids"][:, 0] = tokenizer.special.cls
    return batches


def read_sample(task: Task, path: Path) -> list[Any]:
    """Reads a file in the layout of a task, and draws some examples from all of it.

    Args:
        task: How to read it.
        path: A file that the model was trained on, or one like it, with labels or without; not
            one it is scored on.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the examples are not of the task, or there are none.
    """
    examples = list(task.stream(path))
    if not examples:
        raise ValueError(f"{path} must hold examples; it has none.")
    return random.Random(0).sample(examples, min(_EXAMPLES, len(examples)))


def task_inputs(task: Task, tokenizer: Tokenizer, examples: Sequence[Any]) -> list[dict[str, Ints]]:
    """What the model reads to answer each example.

    Args:
        task: What the examples are of.
        tokenizer: Of the model.
        examples: As the task reads them.

    Returns:
        int32 [1, T] by name, for every window.
    """
    return [
        pad_batch([window.packed], pad_id=tokenizer.special.pad)
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
