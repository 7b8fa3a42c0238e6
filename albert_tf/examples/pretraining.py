"""Builds masked, order-shuffled examples from documents and stacks them into batches.

documents, sentence_order, masking  ->  [pretraining]  ->  training.input_pipeline

Shape letters: B examples, T tokens, M masked places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from albert_tf.examples.masking import MaskedSequence, mask_words
from albert_tf.examples.packing import Ints, PackedSequence, pack, pad_batch, truncate
from albert_tf.examples.sentence_order import order_pair
from albert_tf.text.tokenizer import Encoding, SpecialIds


@dataclass(frozen=True)
class PretrainingExample:
    """One input of the pretrainer and its two answers."""

    packed: PackedSequence
    masked: MaskedSequence
    sop_label: int  # 0 in order, 1 swapped


@dataclass(frozen=True)
class PretrainingShape:
    """The fixed sizes of a pretraining batch."""

    sequence_length: int  # T
    vocab_size: int
    special: SpecialIds
    mask_rate: float = 0.15
    max_ngram: int = 3

    @property
    def max_masks(self) -> int:
        """M: places one sequence can have hidden."""
        return max(1, round(self.mask_rate * self.sequence_length))


def make_example(
    sentences: Sequence[Encoding], shape: PretrainingShape, rng: np.random.Generator
) -> PretrainingExample:
    """Turns a run of two or more sentences into one example.

    Args:
        sentences: Consecutive sentences of one document.
        shape: Sizes and rates.
        rng: The only source of chance.

    Raises:
        ValueError: fewer than two sentences, or a sequence length too short for two.
    """
    pair = order_pair(sentences, rng)
    first_ids, first_starts = _join(pair.first)
    second_ids, second_starts = _join(pair.second)
    room = truncate(len(first_ids), len(second_ids), shape.sequence_length)
    first, second = _cut(len(first_ids), room[0], rng), _cut(len(second_ids), room[1], rng)
    packed = pack(first_ids[first], second_ids[second], shape.special)
    starts = [*first_starts[first], *second_starts[second]]
    masked = mask_words(
        packed.token_ids,
        _word_ids(packed.token_ids, starts, shape.special),
        mask_id=shape.special.mask,
        vocab_size=shape.vocab_size,
        rng=rng,
        rate=shape.mask_rate,
        max_ngram=shape.max_ngram,
    )
    return PretrainingExample(packed=packed, masked=masked, sop_label=pair.sop_label)


def batch_examples(
    examples: Sequence[PretrainingExample], shape: PretrainingShape
) -> dict[str, Ints]:
    """Stacks examples to fixed shapes.

    Returns:
        `token_ids`, `segment_ids`, `padding_mask` int32 [B, T]; `mask_positions`,
        `mask_ids`, `mask_weights` int32 [B, M]; `sop_label` int32 [B].
    """
    read = [
        PackedSequence(example.masked.token_ids, example.packed.segment_ids) for example in examples
    ]
    batch = pad_batch(read, shape.sequence_length, shape.special.pad)
    for name in ("mask_positions", "mask_ids", "mask_weights"):
        batch[name] = np.zeros((len(examples), shape.max_masks), np.int32)
    for row, example in enumerate(examples):
        hidden = slice(len(example.masked.mask_positions))
        batch["mask_positions"][row, hidden] = example.masked.mask_positions
        batch["mask_ids"][row, hidden] = example.masked.mask_ids
        batch["mask_weights"][row, hidden] = 1
    batch["sop_label"] = np.array([example.sop_label for example in examples], np.int32)
    return batch


def _cut(length: int, room: int, rng: np.random.Generator) -> slice:
    """What stays of a segment; each token too many leaves at the front or at the back.

    Source: google-research/albert create_pretraining_data.py, truncate_seq_pair.
    """
    front = int(rng.binomial(length - room, 0.5))
    return slice(front, front + room)


def _join(sentences: Sequence[Encoding]) -> tuple[list[int], list[bool]]:
    token_ids = [token for sentence in sentences for token in sentence.token_ids]
    return token_ids, [start for sentence in sentences for start in sentence.word_starts]


def _word_ids(token_ids: Ints, starts: Sequence[bool], special: SpecialIds) -> Ints:
    """Numbers the words; -1 at [CLS] and [SEP]. Every segment begins a new word."""
    ordinary = (token_ids != special.cls) & (token_ids != special.sep)
    begins = np.zeros(len(token_ids), bool)
    begins[ordinary] = starts
    begins[1:] |= ~ordinary[:-1]
    words = np.cumsum(begins).astype(np.int32)
    words[~ordinary] = -1
    return words
