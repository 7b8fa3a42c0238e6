"""Draws the two segments of an example, and the answer to what is asked about them.

chunks  ->  [sentence_pairs.draw_pair]  ->  packing.pack, pretraining

`sop` asks for order: both halves come from one document, so that topic gives nothing away.
`nsp` asks whether the second segment follows or comes from elsewhere, as BERT does. `none`
asks nothing and shows both halves in order, and documents of one sentence as well, of which
the others can ask nothing. But for those, a comparison of the three goes through the same chunks.

Shape letters: A tokens of the first segment, B tokens of the second, n sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.chunks import Chunk, Chunks
from albert_tf.examples.packing import truncate

OBJECTIVES = ("sop", "nsp", "none")
# google-research/albert create_pretraining_data.py, short_seq_prob.
_SHORT = 0.1


@dataclass(frozen=True)
class SegmentPair:
    """Two segments that fit one input, in the order the model reads them."""

    first: NDArray[Any]  # [A] token ids
    second: NDArray[Any] | None  # [B], or None for a document of one sentence
    label: int  # sop: 1 swapped; nsp: 1 from elsewhere; else 0


def draw_pair(
    chunks: Chunks, number: int, sequence_length: int, objective: str, rng: np.random.Generator
) -> SegmentPair:
    """Draws an example from a chunk.

    Nine in ten take the whole chunk; of the others each draws a target, of 2 tokens to as
    many as fit, and takes the sentences around a random place that reach it, two at least.
    They are split at a random sentence boundary. What is too long for the input is cut at
    random ends, the longer segment first.

    Args:
        chunks: All chunks; another one is read for a segment from elsewhere.
        number: The chunk of this example.
        sequence_length: Longest input, special tokens included.
        objective: "sop", "nsp" or "none".
        rng: The only source of chance.

    Source: ALBERT (arXiv:1909.11942) section 3.1, "Inter-sentence coherence loss";
    google-research/albert create_pretraining_data.py, create_instances_from_document,
    without its random-document negatives where sentence order is asked.
    """
    chunk = chunks[number]
    target = sequence_length - 3
    if rng.random() < _SHORT:
        target = int(rng.integers(2, target + 1))
        chunk = _shorten(chunk, target, rng)
    if len(chunk) == 1:
        room, _ = truncate(len(chunk.ids(0, 1)), None, sequence_length)
        return SegmentPair(_cut(chunk.ids(0, 1), room, rng), None, 0)
    middle = int(rng.integers(1, len(chunk)))
    first, second = chunk.ids(0, middle), chunk.ids(middle, len(chunk))
    label = int(objective != "none" and rng.random() < 0.5)
    if label and objective == "sop":
        first, second = second, first
    elif label:
        # Where a document ends before the target, what replaces its second half is as short,
        # or a pair that fills the input would be from elsewhere more often than not.
        wanted = min(target - len(first), len(second))
        second = _from_elsewhere(chunks, number, wanted, rng)
    room_of_first, room_of_second = truncate(len(first), len(second), sequence_length)
    return SegmentPair(_cut(first, room_of_first, rng), _cut(second, room_of_second, rng), label)


def _shorten(chunk: Chunk, target: int, rng: np.random.Generator) -> Chunk:
    """The sentences, two or more, that hold `target` tokens around a random place."""
    spare = int(chunk.offsets[-1] - chunk.offsets[0]) - target
    if spare <= 0 or len(chunk) <= 2:
        return chunk
    begin = chunk.offsets[0] + rng.integers(spare + 1)
    first = int(np.searchsorted(chunk.offsets, begin, side="right")) - 1
    last = int(np.searchsorted(chunk.offsets, begin + target))
    if last - first < 2:  # one sentence holds them all: take a neighbour, where there is one
        before = last == len(chunk) or (first > 0 and rng.random() < 0.5)
        first, last = first - before, last + (not before)
    return Chunk(chunk.tokens, chunk.offsets[first : last + 1])


def _from_elsewhere(
    chunks: Chunks, number: int, target: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Sentences of another document, from a random one until they reach the target."""
    own = chunks.of_same_document(number)
    other = int(rng.integers(len(chunks) - len(own)))
    other += len(own) if other >= own.start else 0
    return chunks.read_on(other, int(rng.integers(len(chunks[other]))), target)


def _cut(ids: NDArray[Any], room: int, rng: np.random.Generator) -> NDArray[Any]:
    """What stays of a segment; each token too many leaves at the front or at the back.

    Source: google-research/albert create_pretraining_data.py, truncate_seq_pair.
    """
    if len(ids) == room:
        return ids
    front = int(rng.binomial(len(ids) - room, 0.5))
    return ids[front : front + room]
