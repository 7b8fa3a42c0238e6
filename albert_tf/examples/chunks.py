"""Cuts the documents of token shards into runs of sentences that fill one input.

shards  ->  [chunks.Chunks]  ->  sentence_pairs, pretraining

Nothing here is left to chance: the chunks of a document follow from it alone, so they are the
same however documents are divided among shards.

Shape letters: N tokens, S sentences, D documents of one shard, C chunks, n sentences of one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.shards import TokenShard

Offsets = NDArray[np.int64]

# Sentences. Long documents are cut from both ends in turn, so that a corpus of few of them is
# balanced too; every stretch ends with a shorter chunk.
_STRETCH = 512


@dataclass(frozen=True)
class Chunk:
    """Consecutive sentences of one document."""

    tokens: NDArray[Any]  # [N] of the whole shard
    offsets: Offsets  # [n + 1] where its sentences begin in `tokens`, and where the last ends

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def ids(self, first: int, last: int) -> NDArray[Any]:
        """The tokens of sentences `first` to before `last`."""
        return self.tokens[self.offsets[first] : self.offsets[last]]


class Chunks:
    """Every chunk of a list of shards: 8 bytes of memory each.

    A chunk ends with the sentence that reaches the target, but holds at least two; what is
    left of a document is a shorter chunk, or, if one sentence, joins the chunk before it.
    A document of an odd number of tokens is cut from its end, and every other stretch of a
    long one from the other end: a sentence that reaches a target is longer than most, and in
    chunks cut from the front alone the second half would be the longer one so often that
    lengths tell whether halves were swapped (54 % on books at 128 tokens, where chance is 50).

    Args:
        shards: Whose documents are cut.
        target: Tokens that one input has room for, special tokens not counted.
        lone_sentences: Whether a document of one sentence is a chunk, or is left out.
    """

    def __init__(
        self, shards: Sequence[TokenShard], target: int, *, lone_sentences: bool = False
    ) -> None:
        self._shards = [_plain(shard) for shard in shards]
        self._spans: list[tuple[NDArray[np.uint32], NDArray[np.uint32]]] = []
        for shard in shards:
            bounds = _bounds(shard, target)
            first, last = bounds[:-1], bounds[1:]
            kept = np.full(len(first), True) if lone_sentences else last - first > 1
            self._spans.append((first[kept], last[kept]))
        self._ends = list(accumulate(len(first) for first, _ in self._spans))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, number: int) -> Chunk:
        at, place = self._locate(number)
        shard, (first, last) = self._shards[at], self._spans[at]
        offsets = np.array(shard.sentences[first[place] : int(last[place]) + 1], np.int64)
        return Chunk(shard.tokens, offsets)

    def of_same_document(self, number: int) -> range:
        """The numbers of all chunks of the document that chunk `number` is cut from."""
        at, place = self._locate(number)
        first, _ = self._spans[at]
        documents = self._shards[at].documents
        document = int(np.searchsorted(documents, first[place], side="right"))
        before = self._ends[at] - len(first)
        begin, end = np.searchsorted(first, documents[document - 1 : document + 1])
        return range(before + int(begin), before + int(end))

    def read_on(self, number: int, sentence: int, target: int) -> NDArray[Any]:
        """The sentences from one of a chunk on, at least one, until they reach a target.

        They may go past the end of the chunk, but stay in its document: where it ends before
        the target they begin earlier.
        """
        at, place = self._locate(number)
        shard, (first, _) = self._shards[at], self._spans[at]
        begin = int(first[place]) + sentence
        document = int(np.searchsorted(shard.documents, np.uint32(begin), side="right"))
        before = int(shard.documents[document - 1])
        offsets = shard.sentences[before : int(shard.documents[document]) + 1]
        start, end = int(offsets[0]), int(offsets[-1])
        start = max(start, min(int(offsets[begin - before]), end - target))
        # Compared in the type of the array, or all of it would be copied.
        first_sentence = np.searchsorted(offsets, np.uint32(start), side="right") - 1
        reached = np.uint32(min(int(offsets[first_sentence]) + max(target, 1), end))
        last_sentence = np.searchsorted(offsets, reached)
        return shard.tokens[offsets[first_sentence] : offsets[last_sentence]]

    def _locate(self, number: int) -> tuple[int, int]:
        """The shard of a chunk, and its place there."""
        if not 0 <= number < len(self):
            raise IndexError(f"chunk number must be from 0 to {len(self) - 1}; got {number}.")
        shard = bisect_right(self._ends, number)
        return shard, number - (self._ends[shard - 1] if shard else 0)


def _plain(shard: TokenShard) -> TokenShard:
    """The same mapped memory as arrays of NumPy's own class, which are quicker to slice."""
    return TokenShard(*map(np.asarray, (shard.tokens, shard.sentences, shard.documents)))


def _bounds(shard: TokenShard, target: int) -> NDArray[np.uint32]:
    """Where chunks begin, and S: sentence numbers, uint32 [C + 1], lone sentences included."""
    sentences = shard.sentences.astype(np.int64)
    stretches, from_end = _stretches(sentences, shard.documents.astype(np.int64))
    forward = _greedy(sentences, stretches, target)
    mirrored = _greedy(_mirror(sentences), _mirror(stretches), target)
    backward = len(sentences) - 1 - mirrored[::-1]
    kept = [
        cut[from_end[np.searchsorted(stretches, cut, side="right") - 1] == turned]
        for cut, turned in ((forward, False), (backward, True))
    ]
    return np.sort(np.concatenate(kept)).astype(np.uint32)


def _stretches(sentences: Offsets, documents: Offsets) -> tuple[Offsets, NDArray[np.bool_]]:
    """First sentence of every part of a document that is cut from one end, and S; which end."""
    tokens = np.diff(sentences[documents])
    parts = np.maximum(1, np.diff(documents) // _STRETCH)
    part = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    stretches = np.append(np.repeat(documents[:-1], parts) + part * _STRETCH, documents[-1])
    from_end = (np.repeat(tokens, parts) + part) % 2 == 1
    return stretches, np.append(from_end, False)


def _mirror(offsets: Offsets) -> Offsets:
    mirrored: Offsets = offsets[-1] - offsets[::-1]
    return mirrored


def _greedy(sentences: Offsets, stretches: Offsets, target: int) -> Offsets:
    """Where chunks cut from the front begin, and S."""
    count = len(sentences) - 1
    end_of_stretch = np.repeat(stretches[1:], np.diff(stretches))  # [S]
    reached = np.searchsorted(sentences, sentences[:-1] + target)
    ends = np.minimum(np.maximum(reached, np.arange(2, count + 2)), end_of_stretch)
    ends = np.where(ends == end_of_stretch - 1, end_of_stretch, ends)
    # Indexed in Python, faster than an array and smaller than a list.
    following = memoryview(cast(Any, ends))
    bounds = [0]
    while bounds[-1] < count:
        bounds.append(following[bounds[-1]])
    return np.array(bounds, np.int64)
