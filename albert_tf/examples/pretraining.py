"""Makes the examples of any step of pretraining from token shards.

shards  ->  chunks, sentence_pairs, packing, masking  ->  [pretraining.PretrainingBatches]
->  training.pretrain

Shape letters: B examples of the whole batch or of one worker's rows, T tokens, M masked places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.chunks import Chunks
from albert_tf.examples.masking import mask_words
from albert_tf.examples.packing import Ints, pack, pad_batch
from albert_tf.examples.sentence_pairs import OBJECTIVES, draw_pair
from albert_tf.examples.shards import TokenShards
from albert_tf.text.encoding import SpecialIds
from albert_tf.text.tokenizer import Tokenizer

# What a generator is for, so that no two are seeded alike.
_ORDER, _EXAMPLE = range(2)


@dataclass(frozen=True)
class PretrainingShape:
    """The fixed sizes of a pretraining batch."""

    sequence_length: int  # T
    vocab_size: int
    special: SpecialIds
    mask_rate: float = 0.15
    max_ngram: int = 3

    def __post_init__(self) -> None:
        if self.sequence_length < 5:
            raise ValueError(
                f"sequence_length must be at least 5, a token of each segment beside the "
                f"special tokens; got {self.sequence_length}."
            )

    @classmethod
    def of(cls, tokenizer: Tokenizer, sequence_length: int) -> PretrainingShape:
        """The sizes of a vocabulary's batches."""
        return cls(sequence_length, tokenizer.vocab_size, tokenizer.special)

    @property
    def max_masks(self) -> int:
        """M: places one sequence can have hidden."""
        return max(1, round(self.mask_rate * self.sequence_length))


class PretrainingBatches:
    """Every batch of pretraining, as a function of the step number.

    Example number n is row n % B of step n // B. Every epoch takes every chunk of the shards
    once, in a new order; an epoch may end inside a batch, and the next one begins there.
    The n-th example follows from the seed and n alone: it is the same whatever the size of
    the batch, and whoever makes it.

    The order of two epochs is kept in memory, 4 bytes per chunk and epoch.

    Args:
        shards: The corpus.
        shape: Sizes and rates.
        objective: "sop" for sentence order, "nsp" for next sentences, "none" for masked
            language modeling alone.
        batch_size: B of the whole batch.
        seed: The only source of chance.

    Raises:
        ValueError: an unknown objective, a vocabulary of another size, or no document that
            the objective can ask about.
    """

    def __init__(
        self,
        shards: TokenShards,
        shape: PretrainingShape,
        *,
        objective: str = "sop",
        batch_size: int,
        seed: int,
    ) -> None:
        _check(shards, shape, objective, batch_size)
        self.shards = shards
        self.shape = shape
        self.objective = objective
        self.batch_size = batch_size
        self.seed = seed
        self.chunks = Chunks(
            shards.shards, shape.sequence_length - 3, lone_sentences=objective == "none"
        )
        if not self.chunks:
            raise ValueError(
                f"{shards.directory} must hold a document of at least "
                f"{1 if objective == 'none' else 2} sentences; it has none."
            )
        if objective == "nsp" and len(self.chunks.of_same_document(0)) == len(self.chunks):
            raise ValueError(
                f"{shards.directory} must hold 2 documents of at least 2 sentences for nsp; "
                f"it has one."
            )
        self._order = lru_cache(maxsize=2)(self._draw_order)

    @property
    def examples_per_epoch(self) -> int:
        """How many examples take every chunk once."""
        return len(self.chunks)

    def __call__(self, step: int, rows: slice = slice(None)) -> dict[str, Ints]:
        """Makes one batch.

        Args:
            step: From 0 on.
            rows: The share of one worker, where several make a batch together.

        Returns:
            `token_ids`, `segment_ids`, `padding_mask` int32 [B, T]; `mask_positions`,
            `mask_ids`, `mask_weights` int32 [B, M]; `sop_label` or `nsp_label`
            int32 [B], absent where the objective is "none".
        """
        shape = self.shape
        numbers = range(step * self.batch_size, (step + 1) * self.batch_size)[rows]
        rngs = [np.random.default_rng((self.seed, _EXAMPLE, number)) for number in numbers]
        pairs = [
            draw_pair(self.chunks, self.chunk(number), shape.sequence_length, self.objective, rng)
            for number, rng in zip(numbers, rngs, strict=True)
        ]
        packed = [pack(pair.first, pair.second, shape.special) for pair in pairs]
        batch = pad_batch(packed, shape.sequence_length, shape.special.pad)
        lengths = batch["padding_mask"].sum(1)  # [B], special tokens included, as official
        masked = mask_words(
            batch["token_ids"],
            _word_ids(batch, self.shards.word_starts, shape.special),
            np.maximum(1, np.round(shape.mask_rate * lengths)).astype(np.int32),
            mask_id=shape.special.mask,
            vocab_size=shape.vocab_size,
            rngs=rngs,
            max_masks=shape.max_masks,
            max_ngram=shape.max_ngram,
        )
        batch |= vars(masked)
        if self.objective != "none":
            batch[f"{self.objective}_label"] = np.array([pair.label for pair in pairs], np.int32)
        return batch

    def chunk(self, number: int) -> int:
        """The number of the chunk that example `number` is drawn from."""
        epoch, place = divmod(number, self.examples_per_epoch)
        return int(self._order(epoch)[place])

    def _draw_order(self, epoch: int) -> NDArray[np.uint32]:
        order = np.arange(self.examples_per_epoch, dtype=np.uint32)
        np.random.default_rng((self.seed, _ORDER, epoch)).shuffle(order)
        return order


def model_batch(
    examples: dict[str, Ints],
) -> tuple[dict[str, Ints], dict[str, Ints], dict[str, Ints]]:
    """Parts a batch of examples into what Keras takes: inputs, targets, sample weights."""
    inputs = dict(examples)
    targets, weights = {"mlm": inputs.pop("mask_ids")}, {"mlm": inputs.pop("mask_weights")}
    for objective in ("sop", "nsp"):
        if (label := inputs.pop(f"{objective}_label", None)) is not None:
            targets[objective], weights[objective] = label, np.ones_like(label)
    return inputs, targets, weights


def _word_ids(batch: dict[str, Ints], starts: NDArray[np.bool_], special: SpecialIds) -> Ints:
    """Numbers the words [B, T]; -1 at [CLS], [SEP] and padding. A segment begins a new word."""
    ids = batch["token_ids"]
    ordinary = (ids != special.cls) & (ids != special.sep) & (batch["padding_mask"] == 1)
    begins = starts[ids]
    begins[:, 1:] |= ~ordinary[:, :-1]
    return np.where(ordinary, np.cumsum(begins, axis=1), -1).astype(np.int32)


def _check(shards: TokenShards, shape: PretrainingShape, objective: str, batch_size: int) -> None:
    if objective not in OBJECTIVES:
        raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}; got {objective!r}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
    if shards.tokenizer.vocab_size != shape.vocab_size:
        raise ValueError(
            f"vocab_size must be that of the shards ({shards.tokenizer.vocab_size}); "
            f"got {shape.vocab_size}."
        )
