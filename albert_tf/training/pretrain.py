"""Documents and a vocabulary to a pretrained model.

examples  ->  [pretrain.pretrain]  ->  a saved AlbertPretrainer

Shape letters: B sequences, T tokens, M masked places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from albert_tf.config import AlbertConfig
from albert_tf.examples.documents import chunks
from albert_tf.examples.pretraining import PretrainingShape, batch_examples, make_example
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.text.tokenizer import Encoding, Tokenizer
from albert_tf.training.input_pipeline import (
    Batch,
    EpochOrder,
    MakeBatch,
    fingerprint,
    stream,
)
from albert_tf.training.optimizers import build_optimizer
from albert_tf.training.options import RunOptions
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.trainer import Schedule, fit


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions(RunOptions):
    """Settings of a pretraining run."""

    learning_rate: float = 1e-3
    sequence_length: int = 512
    steps: int = 1000
    warmup_steps: int = 100
    steps_per_save: int = 100


def pretrain(
    documents: Iterable[Sequence[str]],
    tokenizer: Tokenizer,
    config: AlbertConfig,
    options: PretrainingOptions,
    directory: Path,
    *,
    progress: bool = False,
) -> list[dict[str, float]]:
    """Trains masked language modeling and sentence order, and saves the model.

    Args:
        documents: Each a list of sentences.
        tokenizer: Its vocabulary must have the size `config` says.
        config: Sizes of the model.
        options: Settings of the run.
        directory: Receives the model, its vocabulary and the log.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The log, one entry per save.

    Raises:
        FileExistsError: `directory` holds a finished model.
        ValueError: vocabulary and config disagree, no document has two sentences, another
            run began in `directory`, or the loss broke.
    """
    if tokenizer.vocab_size != config.vocab_size:
        raise ValueError(
            f"vocab_size must be that of the vocabulary ({tokenizer.vocab_size}); "
            f"got {config.vocab_size}."
        )
    if options.sequence_length > config.max_position_embeddings:
        raise ValueError(
            f"sequence_length must be at most max_position_embeddings "
            f"({config.max_position_embeddings}); got {options.sequence_length}."
        )
    make_batch = pretraining_batches(documents, tokenizer, options)
    keras.utils.set_random_seed(options.seed)
    model = AlbertPretrainer(AlbertBackbone(config), compile=False)
    model.compile(
        build_optimizer(
            options.optimizer,
            learning_rate=options.learning_rate,
            warmup_steps=options.warmup_steps,
            total_steps=options.steps,
        ),
    )
    data = {"first_batch": fingerprint(make_batch)}
    claim(directory, {**asdict(options), **asdict(config), **data})
    log = fit(
        model,
        make_batch,
        Schedule(options.steps, options.steps_per_save),
        directory,
        progress="pretraining" if progress else None,
    )
    model.preprocessor = AlbertPreprocessor(tokenizer, options.sequence_length)
    model.save_to_preset(str(directory))  # with the vocabulary
    finish(directory)
    return log


def pretraining_batches(
    documents: Iterable[Sequence[str]], tokenizer: Tokenizer, options: PretrainingOptions
) -> MakeBatch:
    """Returns the function from step number to batch; masks and swaps are new at every step.

    Raises:
        ValueError: no document has two sentences.
    """
    room = options.sequence_length - 3
    runs: list[list[Encoding]] = []
    for document in documents:
        runs += chunks([tokenizer.encode(sentence) for sentence in document], room)
    if not runs:
        raise ValueError("the corpus must hold a document of at least 2 sentences; it has none.")
    shape = PretrainingShape(options.sequence_length, tokenizer.vocab_size, tokenizer.special)
    order = EpochOrder([0] * len(runs), options.batch_size, options.seed)

    def make_batch(step: int) -> Batch:
        rng = np.random.default_rng((options.seed, step))
        batch = batch_examples([make_example(runs[i], shape, rng) for i in order(step)], shape)
        targets = {"mlm": batch.pop("mask_ids"), "sop": batch.pop("sop_label")}
        weights = {"mlm": batch.pop("mask_weights"), "sop": np.ones_like(targets["sop"])}
        return batch, targets, weights

    return make_batch


def evaluate_pretrainer(
    model: AlbertPretrainer, make_batch: MakeBatch, batches: int
) -> dict[str, float]:
    """Returns `mlm_accuracy` and `sop_accuracy`, percentages, over held-out batches."""
    results = model.evaluate(stream(make_batch, 0, batches), return_dict=True, verbose=0)
    return {name: 100 * float(results[name]) for name in ("mlm_accuracy", "sop_accuracy")}
