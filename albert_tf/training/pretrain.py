"""Token shards, or static examples, to a pretrained model.

examples  ->  [pretrain.pretrain]  ->  a saved AlbertPretrainer

Shape letters: B sequences, T tokens, M masked places.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from albert_tf.config import AlbertConfig
from albert_tf.examples.packing import Ints
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.shards import TokenShards
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.training.input_pipeline import Batch, MakeBatch, fingerprint, stream
from albert_tf.training.optimizers import build_optimizer
from albert_tf.training.options import RunOptions
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.static_examples import StaticExamples, StaticFolder
from albert_tf.training.static_records import STATIC_MANIFEST_FILE
from albert_tf.training.trainer import Schedule, fit


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions(RunOptions):
    """Settings of a pretraining run; `objective` is "sop", "nsp" or "none"."""

    objective: str = "sop"
    learning_rate: float = 1e-3
    sequence_length: int = 512
    steps: int = 1000
    warmup_steps: int = 100
    steps_per_save: int = 100


def pretrain(
    corpus: TokenShards | StaticFolder,
    config: AlbertConfig,
    options: PretrainingOptions,
    directory: Path,
    *,
    progress: bool = False,
) -> list[dict[str, float]]:
    """Trains masked language modeling and a sentence objective, and saves the model.

    Args:
        corpus: Token shards or static examples; their vocabulary must have the size `config`
            says.
        config: Sizes of the model.
        options: Settings of the run.
        directory: Receives the model, its vocabulary and the log.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The log, one entry per save.

    Raises:
        FileExistsError: `directory` holds a finished model.
        ValueError: vocabulary and config disagree, the corpus does not suit the options,
            another run began in `directory`, or the loss broke.
    """
    tokenizer = corpus.tokenizer
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
    make_batch = pretraining_batches(corpus, options)
    keras.utils.set_random_seed(options.seed)
    model = AlbertPretrainer(AlbertBackbone(config), options.objective, compile=False)
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


def open_examples(directory: str | Path) -> TokenShards | StaticFolder:
    """Opens what `albert-tf examples` wrote, whichever of the two it is.

    Raises:
        FileNotFoundError: it is neither, or a file is missing.
        ValueError: a file is damaged, or does not belong to the others.
    """
    if (Path(directory) / STATIC_MANIFEST_FILE).exists():
        return StaticFolder(directory)
    return TokenShards(directory)


def pretraining_batches(
    corpus: TokenShards | StaticFolder, options: PretrainingOptions
) -> MakeBatch:
    """Returns the function from step number to batch.

    From shards, masks and swaps are new in every epoch; static examples have what they have.

    Raises:
        ValueError: the shards hold no document that the objective can ask about, or the
            static examples have another length or objective.
    """
    batches: StaticExamples | PretrainingBatches
    if isinstance(corpus, StaticFolder):
        for name in ("sequence_length", "objective"):
            stored, wanted = getattr(corpus.manifest, name), getattr(options, name)
            if stored != wanted:
                raise ValueError(
                    f"{name} must be that of the static examples ({stored}); got {wanted}."
                )
        batches = StaticExamples(corpus, batch_size=options.batch_size, seed=options.seed)
    else:
        tokenizer = corpus.tokenizer
        batches = PretrainingBatches(
            corpus,
            PretrainingShape(options.sequence_length, tokenizer.vocab_size, tokenizer.special),
            objective=options.objective,
            batch_size=options.batch_size,
            seed=options.seed,
        )
    return lambda step: model_batch(batches(step))


def model_batch(examples: dict[str, Ints]) -> Batch:
    """Parts a batch of examples into what Keras takes: inputs, targets, sample weights."""
    inputs = dict(examples)
    targets, weights = {"mlm": inputs.pop("mask_ids")}, {"mlm": inputs.pop("mask_weights")}
    for objective in ("sop", "nsp"):
        if (label := inputs.pop(f"{objective}_label", None)) is not None:
            targets[objective], weights[objective] = label, np.ones_like(label)
    return inputs, targets, weights


def evaluate_pretrainer(
    model: AlbertPretrainer, make_batch: MakeBatch, batches: int
) -> dict[str, float]:
    """Returns the accuracies over held-out batches in percent: `mlm_accuracy`, `sop_accuracy`."""
    results = model.evaluate(stream(make_batch, 0, batches), return_dict=True, verbose=0)
    names = [f"{objective}_accuracy" for objective in ("mlm", model.sentence_objective)]
    return {name: 100 * float(results[name]) for name in names if name in results}
