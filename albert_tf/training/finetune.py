"""A pretrained model and labelled examples to a model that answers.

tasks, a saved backbone  ->  [finetune.finetune]  ->  a saved model with its task
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.models.saved import check_vocabulary, load_backbone
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.task import Sample, Task, task_to_dict, write_task
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.training.adapters import add_adapters
from albert_tf.training.distribution import check_agreement, devices, is_chief, scope, strategy
from albert_tf.training.evaluation import Evaluation
from albert_tf.training.input_pipeline import Batch, EpochOrder, fingerprint
from albert_tf.training.layer_decay import rate_shares
from albert_tf.training.model_card import Run
from albert_tf.training.optimizers import build_optimizer
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.report import write_report
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.starting_point import (
    keep_head,
    renew_pooler,
    set_head_dropout,
    with_dropout,
)
from albert_tf.training.task_batches import encode, stack, validation_batches
from albert_tf.training.trainer import Schedule, fit


def finetune(
    task: Task,
    pretrained: Path,
    training: Sequence[Any],
    validation: Sequence[Any],
    options: FinetuningOptions,
    directory: Path,
    *,
    files: Mapping[str, Path] | None = None,
    progress: bool = False,
) -> list[dict[str, float]]:
    """Fine-tunes a saved backbone on labelled examples and saves the best model with its task.

    The validation examples are answered at every save; the model that is saved in the end is
    that of the best score, the earlier of equal ones.

    Args:
        task: What the examples are; its settings are saved with the model.
        pretrained: Folder with a saved model and its vocabulary. A head that was trained for
            the same labels is kept, unless the options say otherwise.
        training: Labelled examples.
        validation: Labelled examples, scored at each save.
        options: Settings of the run.
        directory: Receives the model, its vocabulary, its task, the log and a report.
        files: Where examples came from, by what they are for; the model card names them.
        progress: Whether to show progress bars on stderr.

    Returns:
        The log, one entry per save.

    Raises:
        FileNotFoundError: no vocabulary or backbone in `pretrained`.
        FileExistsError: `directory` holds a finished model, or another process trains in it.
        ValueError: no example can be trained on, inputs are too long for the model,
            the vocabulary has more pieces than the model, another run began in `directory`, or
            the loss broke.
    """
    tokenizer = load_tokenizer(pretrained)
    shared = strategy(options.distribute)
    options.check_batch(devices(shared))
    keras.utils.set_random_seed(options.seed)
    with scope(shared):
        model, head_kept = _starting_model(task, pretrained, options)
    check_vocabulary(pretrained, tokenizer.vocab_size, model.backbone.config)
    samples = encode("training", task, training, tokenizer, progress)
    watched = validation_batches(task, validation, tokenizer, options.batch_size)
    order = EpochOrder([sample.length for sample in samples], options.batch_size, options.seed)
    steps, warmup_steps = options.length(order.steps_per_epoch)
    with scope(shared):
        _compile(model, options, steps, warmup_steps)
    parts = devices(shared) * options.micro_batches
    make_batch = partial(_batch, samples, order, task, tokenizer)  # the same, whoever computes it
    data = {
        "first_batch": fingerprint(make_batch),
        "training_examples": _checksum(training),
        "validation_examples": _checksum(validation),
        "head_kept": head_kept,
    }
    settings = {"model": pretrained, **data, **options.identity(), **task_to_dict(task)}
    check_agreement(shared, {**asdict(options), **task_to_dict(task), **data})
    chief = is_chief(shared)
    with claim(directory, settings) if chief else nullcontext():
        evaluation = Evaluation(
            task, tokenizer, validation, options.batch_size, directory,
            patience=options.patience, chief=chief,
        )  # fmt: skip
        log = fit(
            model,
            partial(make_batch, parts=parts),
            Schedule(steps, math.ceil(order.steps_per_epoch / options.saves_per_epoch)),
            directory,
            validation=watched,
            evaluation=evaluation,
            progress="fine-tuning" if progress else None,
        )
        if chief:
            run = Run(
                task, pretrained.name, options, dict(files or {}), len(training),
                evaluation.restore(model),
            )  # fmt: skip
            write_report(run, validation, evaluation.predict(model), directory)
            model.preprocessor = AlbertPreprocessor(tokenizer, task.sequence_length)
            model.save_to_preset(str(directory))  # with the vocabulary
            write_task(task, directory)
            finish(directory)
    return log


def _checksum(examples: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(example).encode("utf-8", "replace"))
    return digest.hexdigest()


def build_model(task: Task, backbone: AlbertBackbone) -> keras.Model:
    """Puts the head that a task needs on a backbone; not compiled."""
    if isinstance(task, ClassificationTask):
        return AlbertTextClassifier(backbone, num_classes=len(task.labels), compile=False)
    if isinstance(task, RegressionTask):
        return AlbertTextRegressor(backbone, compile=False)
    if isinstance(task, MultipleChoiceTask):
        return AlbertMultipleChoice(backbone, num_choices=task.num_choices, compile=False)
    return AlbertQuestionAnswerer(backbone, compile=False)


def _starting_model(
    task: Task, pretrained: Path, options: FinetuningOptions
) -> tuple[keras.Model, bool]:
    """The model a run begins with, not compiled, and whether its head was there before."""
    backbone = load_backbone(pretrained)
    backbone.trainable = True  # it may have been saved frozen
    positions = backbone.config.max_position_embeddings
    if task.sequence_length > positions:
        raise ValueError(
            f"sequence_length must be at most max_position_embeddings ({positions}); "
            f"got {task.sequence_length}. Give a sequence_length the model has positions for."
        )
    if options.dropout is not None:
        backbone = with_dropout(backbone, options.dropout)
    if options.new_pooler:
        renew_pooler(backbone)
    model = build_model(task, backbone)
    if options.head_dropout is not None:
        set_head_dropout(model, options.head_dropout)
    kept = not options.new_head and keep_head(model, task, pretrained)
    if options.lora is not None:
        add_adapters(backbone, options.lora)
        backbone.pooler.trainable = options.new_pooler  # one that knows nothing yet
    return model, kept


def _compile(model: keras.Model, options: FinetuningOptions, steps: int, warmup_steps: int) -> None:
    decayed = options.layer_decay < 1
    optimizer = build_optimizer(
        options.optimizer,
        learning_rate=options.learning_rate,
        warmup_steps=warmup_steps,
        total_steps=steps,
        shares=rate_shares(model.backbone, options.layer_decay) if decayed else None,
    )
    model.compile(
        optimizer,
        micro_batches=options.micro_batches,
        steps_per_execution=options.steps_per_execution,
        jit_compile=options.xla,
    )


def _batch(
    samples: Sequence[Sample],
    order: EpochOrder,
    task: Task,
    tokenizer: Tokenizer,
    step: int,
    parts: int = 1,
) -> Batch:
    return stack([samples[index] for index in order(step)], task, tokenizer, parts)
