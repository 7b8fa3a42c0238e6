"""Labelled examples of a task as batches that a model is trained on.

tasks  ->  [task_batches]  ->  finetune

Shape letters: B sequences, N options, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from albert_tf.examples.packing import pad_batch
from albert_tf.tasks.task import Sample, Task
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.input_pipeline import Batch, stream

# Batches are padded to a multiple of this, so that XLA compiles few shapes.
_LENGTH_STEP = 16
_DTYPES = {int: np.int32, float: np.float32}


def encode(
    name: str, task: Task, examples: Sequence[Any], tokenizer: Tokenizer, progress: bool
) -> list[Sample]:
    """Turns labelled examples into training inputs.

    Args:
        name: What the examples are, for the error.
        task: How they are encoded.
        examples: Labelled.
        tokenizer: Of the model.
        progress: Whether to show a bar on stderr.

    Raises:
        ValueError: no example has an answer that fits one input.
    """
    samples = []
    for example in tqdm(examples, desc="encoding", disable=not progress):
        samples += task.encode(example, tokenizer)
    if not samples:
        raise ValueError(f"{name} must hold an example whose answer fits one input; none does.")
    return samples


def stack(samples: Sequence[Sample], task: Task, tokenizer: Tokenizer, parts: int = 1) -> Batch:
    """Stacks samples, padded to the longest.

    Args:
        samples: At least one; those of a choice have N inputs each, which gives [B, N, T].
        task: Says how long an input may be.
        tokenizer: Knows the id of padding.
        parts: B is filled up to a multiple of this with rows that weigh nothing.

    Returns:
        Inputs int32 [B, T], targets [B], weights int32 [B].
    """
    filler = -len(samples) % parts
    filled = [*samples, *[samples[0]] * filler]
    longest = max(sample.length for sample in filled)
    length = min(-(-longest // _LENGTH_STEP) * _LENGTH_STEP, task.sequence_length)
    flat = [packed for sample in filled for packed in sample.inputs]
    inputs = pad_batch(flat, length, tokenizer.special.pad)
    if len(flat) > len(filled):  # options to choose from
        inputs = {name: rows.reshape(len(filled), -1, length) for name, rows in inputs.items()}
    targets = {
        name: np.array([sample.targets[name] for sample in filled], _DTYPES[type(value)])
        for name, value in samples[0].targets.items()
    }
    weight = np.array([1] * len(samples) + [0] * filler, np.int32)
    return inputs, targets, dict.fromkeys(targets, weight)


def validation_batches(
    task: Task, examples: Sequence[Any], tokenizer: Tokenizer, batch_size: int
) -> tf.data.Dataset:
    """All samples of validation in order of length, so that little is padded.

    Raises:
        ValueError: no example has an answer that fits one input.
    """
    samples = encode("validation", task, examples, tokenizer, progress=False)
    samples.sort(key=lambda sample: sample.length)

    def make_batch(step: int) -> Batch:
        return stack(samples[step * batch_size : (step + 1) * batch_size], task, tokenizer)

    return stream(make_batch, 0, -(-len(samples) // batch_size))
