"""A pretrained model and a labelled file to a model that answers.

tasks, a saved backbone  ->  [finetune.finetune]  ->  a saved model with its task

Shape letters: B sequences, T tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from albert_tf.examples.packing import pad_batch
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.models.saved import load_backbone
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.task import Sample, Task, task_to_dict, write_task
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.training.distribution import devices, is_chief, scope, strategy
from albert_tf.training.input_pipeline import Batch, EpochOrder, fingerprint, stream
from albert_tf.training.optimizers import build_optimizer
from albert_tf.training.options import RunOptions
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.trainer import Schedule, fit

# Batches are padded to a multiple of this, so that XLA compiles few shapes.
_LENGTH_STEP = 16
_DTYPES = {int: np.int32, float: np.float32}


@dataclass(frozen=True, kw_only=True)
class FinetuningOptions(RunOptions):
    """Settings of a fine-tuning run."""

    learning_rate: float = 3e-5
    epochs: int = 2
    saves_per_epoch: int = 1
    warmup_share: float = 0.1


def finetune(
    task: Task,
    pretrained: Path,
    training: Sequence[Any],
    validation: Sequence[Any],
    options: FinetuningOptions,
    directory: Path,
    *,
    progress: bool = False,
) -> list[dict[str, float]]:
    """Fine-tunes a saved backbone on labelled examples and saves the model with its task.

    Args:
        task: What the examples are; its settings are saved with the model.
        pretrained: Folder with a saved backbone and its vocabulary.
        training: Labelled examples.
        validation: Labelled examples, scored at each save.
        options: Settings of the run.
        directory: Receives the model, its vocabulary, its task and the log.
        progress: Whether to show progress bars on stderr.

    Returns:
        The log, one entry per save.

    Raises:
        FileNotFoundError: no vocabulary or backbone in `pretrained`.
        FileExistsError: `directory` holds a finished model.
        ValueError: no example can be trained on, inputs are too long for the model,
            another run began in `directory`, or the loss broke.
    """
    tokenizer = load_tokenizer(pretrained)
    shared = strategy(options.distribute)
    options.check_batch(devices(shared))
    keras.utils.set_random_seed(options.seed)
    with scope(shared):
        model = build_model(task, load_backbone(pretrained))
    positions = model.backbone.config.max_position_embeddings
    if task.sequence_length > positions:
        raise ValueError(
            f"sequence_length must be at most max_position_embeddings ({positions}); "
            f"got {task.sequence_length}."
        )
    samples = _encode("training", task, training, tokenizer, progress)
    watched = _validation(task, validation, tokenizer, options.batch_size)
    order = EpochOrder([sample.length for sample in samples], options.batch_size, options.seed)
    total_steps = order.steps_per_epoch * options.epochs
    schedule = Schedule(total_steps, math.ceil(order.steps_per_epoch / options.saves_per_epoch))
    with scope(shared):
        model.compile(
            build_optimizer(
                options.optimizer,
                learning_rate=options.learning_rate,
                warmup_steps=round(options.warmup_share * total_steps),
                total_steps=total_steps,
            ),
            micro_batches=options.micro_batches,
            steps_per_execution=options.steps_per_execution,
            jit_compile=options.xla,
        )
    parts = devices(shared) * options.micro_batches

    def make_batch(step: int) -> Batch:
        return _batch([samples[index] for index in order(step)], task, tokenizer, parts)

    def alone(step: int) -> Batch:  # the same, whoever computes it
        return _batch([samples[index] for index in order(step)], task, tokenizer)

    data = {"model": pretrained, "first_batch": fingerprint(alone)}
    chief = is_chief(shared)
    if chief:
        claim(directory, {**data, **options.identity(), **task_to_dict(task)})
    log = fit(
        model,
        make_batch,
        schedule,
        directory,
        validation=watched,
        progress="fine-tuning" if progress else None,
    )
    if chief:
        model.preprocessor = AlbertPreprocessor(tokenizer, task.sequence_length)
        model.save_to_preset(str(directory))  # with the vocabulary
        write_task(task, directory)
        finish(directory)
    return log


def build_model(task: Task, backbone: AlbertBackbone) -> keras.Model:
    """Puts the head that a task needs on a backbone; not compiled."""
    if isinstance(task, ClassificationTask):
        return AlbertTextClassifier(backbone, num_classes=len(task.labels), compile=False)
    if isinstance(task, RegressionTask):
        return AlbertTextRegressor(backbone, compile=False)
    if isinstance(task, MultipleChoiceTask):
        return AlbertMultipleChoice(backbone, num_choices=task.num_choices, compile=False)
    return AlbertQuestionAnswerer(backbone, compile=False)


def _encode(
    name: str, task: Task, examples: Sequence[Any], tokenizer: Tokenizer, progress: bool
) -> list[Sample]:
    samples = []
    for example in tqdm(examples, desc="encoding", disable=not progress):
        samples += task.encode(example, tokenizer)
    if not samples:
        raise ValueError(f"{name} must hold an example whose answer fits one input; none does.")
    return samples


def _batch(samples: Sequence[Sample], task: Task, tokenizer: Tokenizer, parts: int = 1) -> Batch:
    """Stacks samples; rows that weigh nothing fill up what could not be shared in `parts`."""
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


def _validation(
    task: Task, examples: Sequence[Any], tokenizer: Tokenizer, batch_size: int
) -> tf.data.Dataset:
    """All validation samples in order of length, so that little is padded."""
    samples = _encode("validation", task, examples, tokenizer, progress=False)
    samples.sort(key=lambda sample: sample.length)

    def make_batch(step: int) -> Batch:
        return _batch(samples[step * batch_size : (step + 1) * batch_size], task, tokenizer)

    return stream(make_batch, 0, -(-len(samples) // batch_size))
