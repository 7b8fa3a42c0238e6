"""Token shards, or static examples, to a pretrained model.

examples  ->  [pretrain.pretrain]  ->  a saved AlbertPretrainer

Shape letters: B sequences, T tokens, M masked places.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import keras

from albert_tf.config import AlbertConfig
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape, model_batch
from albert_tf.examples.shards import TokenShards
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.training.corpus_checksum import corpus_checksum
from albert_tf.training.distribution import check_agreement, devices, is_chief, scope, strategy
from albert_tf.training.input_pipeline import MakeBatch, fingerprint, stream
from albert_tf.training.optimizers import build_optimizer, check_optimizer
from albert_tf.training.options import PRECISIONS, RunOptions
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.static_examples import StaticExamples, StaticFolder
from albert_tf.training.static_records import STATIC_MANIFEST_FILE
from albert_tf.training.throughput import matmul_peak, pretraining_work
from albert_tf.training.trainer import Schedule, fit

# Learning rates as published, and the batch sizes they belong to: ALBERT (arXiv:1909.11942)
# section 4.1; BERT (arXiv:1810.04805) appendix A.2. They grow with the root of the batch size:
# LAMB (arXiv:1904.00962) section 4.
_RATES = {"lamb": (0.00176, 4096), "adamw": (1e-4, 256)}
_WARMUP_SHARE = 0.025  # 3,125 of ALBERT's 125,000 steps
_SPIKE = 2.0  # nats; no healthy mean of many steps rises so far


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions(RunOptions):
    """Settings of a pretraining run.

    `objective` is "sop", "nsp" or "none"; `precision` one of `PRECISIONS`, Keras's policies;
    with `remat` activations are computed twice to store a layer of them, not all. A
    `learning_rate` of None is the published one for the batch size, `warmup_steps` of None the
    published share of the steps.
    """

    objective: str = "sop"
    optimizer: str = "lamb"
    learning_rate: float | None = None
    sequence_length: int = 512
    steps: int = 1000
    warmup_steps: int | None = None
    steps_per_save: int = 100
    precision: str = "float32"
    remat: bool = False

    @property
    def peak_rate(self) -> float:
        """The highest learning rate of the run."""
        if self.learning_rate is not None:
            return self.learning_rate
        check_optimizer(self.optimizer)
        rate, batch_size = _RATES[self.optimizer]
        return float(rate * (self.batch_size / batch_size) ** 0.5)

    @property
    def warmup(self) -> int:
        """Steps until the rate is at its peak."""
        return round(_WARMUP_SHARE * self.steps) if self.warmup_steps is None else self.warmup_steps


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
        directory: Receives the model, its vocabulary and the log. With several workers all
            must see it.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The log, one entry per save.

    Raises:
        FileExistsError: `directory` holds a finished model, or another process trains in it.
        OSError: a checkpoint could not be written, or another worker was lost.
        ValueError: vocabulary and config disagree, the corpus does not suit the options,
            another run began in `directory`, workers were told different things, or the run
            broke.
        callbacks.Preempted: the process was told to stop, and the run has saved itself.
    """
    _check(corpus, config, options)
    shared = strategy(options.distribute)
    options.check_batch(devices(shared))
    make_batch = pretraining_batches(corpus, options)
    data = {"corpus": corpus_checksum(corpus), "first_batch": fingerprint(make_batch)}
    identity = {**options.identity(), **asdict(config), **data}
    check_agreement(shared, {**identity, **asdict(options)})
    schedule = Schedule(options.steps, options.steps_per_save)
    keras.utils.set_random_seed(options.seed)
    with scope(shared):
        model = _build(config, options)
    peak = matmul_peak(model.backbone.dtype_policy.compute_dtype, devices(shared))
    masks = make_batch(0)[0]["mask_positions"].shape[1]
    chief = is_chief(shared)
    # Last, so that what is refused leaves the folder free.
    with claim(directory, identity) if chief else nullcontext():
        log = fit(
            model,
            make_batch,
            schedule,
            directory,
            work=pretraining_work(config, options.batch_size, options.sequence_length, masks, peak),
            spike=_SPIKE,
            fixed_shapes=True,
            progress="pretraining" if progress else None,
        )
        if chief:
            model.preprocessor = AlbertPreprocessor(corpus.tokenizer, options.sequence_length)
            model.save_to_preset(str(directory))  # with the vocabulary
            finish(directory)
    return log


def _check(
    corpus: TokenShards | StaticFolder, config: AlbertConfig, options: PretrainingOptions
) -> None:
    vocab_size = corpus.tokenizer.vocab_size
    if vocab_size != config.vocab_size:
        raise ValueError(
            f"vocab_size must be that of the vocabulary ({vocab_size}); got {config.vocab_size}."
        )
    if options.sequence_length > config.max_position_embeddings:
        raise ValueError(
            f"sequence_length must be at most max_position_embeddings "
            f"({config.max_position_embeddings}); got {options.sequence_length}."
        )
    if options.precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}; got {options.precision!r}."
        )


def _build(config: AlbertConfig, options: PretrainingOptions) -> AlbertPretrainer:
    """The model of a run, compiled."""
    backbone = AlbertBackbone(config, dtype=options.precision, remat=options.remat)
    model = AlbertPretrainer(backbone, options.objective, compile=False)
    model.compile(
        build_optimizer(
            options.optimizer,
            learning_rate=options.peak_rate,
            warmup_steps=options.warmup,
            total_steps=options.steps,
        ),
        micro_batches=options.micro_batches,
        steps_per_execution=options.steps_per_execution,
        jit_compile=options.xla,
    )
    return model


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
            PretrainingShape.of(tokenizer, options.sequence_length),
            objective=options.objective,
            batch_size=options.batch_size,
            seed=options.seed,
        )
    return lambda step: model_batch(batches(step))


def evaluate_pretrainer(
    model: AlbertPretrainer, make_batch: MakeBatch, batches: int
) -> dict[str, float]:
    """Returns `mlm_loss`, in nats, and the accuracies in percent, over held-out batches.

    Args:
        model: Compiled.
        make_batch: A pure function from step number to batch.
        batches: How many.
    """
    results = model.evaluate(stream(make_batch, 0, batches), return_dict=True, verbose=0)
    if model.sentence_objective == "none":  # one head, whose metrics go by plain names
        results = {f"mlm_{name}": value for name, value in results.items()}
    scores = {"mlm_loss": float(results["mlm_loss"])}
    names = [f"{objective}_accuracy" for objective in ("mlm", model.sentence_objective)]
    return scores | {name: 100 * float(results[name]) for name in names if name in results}
