"""Describes a corpus of token shards: counts, lengths, and a picture of the lengths.

shards  ->  [statistics]  ->  corpus

Shape letters: L longest length.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from albert_tf.examples.shards import Lengths, TokenShard


@dataclass(frozen=True)
class CorpusStatistics:
    """What a corpus holds, and what had to be changed while it was read."""

    files: int
    bytes: int  # of the files, as they lie on disk
    documents: int
    empty_documents: int  # left out
    documents_of_one_sentence: int
    sentences: int
    tokens: int
    unknown_rate: float  # share of the tokens
    tokens_per_sentence_mean: float
    tokens_per_sentence_median: float
    tokens_per_document_mean: float
    tokens_per_document_median: float
    replaced: int  # U+FFFD in the place of bytes that were not UTF-8
    cut_lines: int  # longer than 1,000,000 characters
    cut_documents: int  # longer than 4,000,000 characters


class LengthCounts:
    """How often each length occurs."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(1, np.int64)  # [L + 1] by length

    def add(self, lengths: Lengths) -> None:
        """Counts some lengths."""
        more = np.bincount(lengths.astype(np.int64), minlength=len(self.counts))
        more[: len(self.counts)] += self.counts
        self.counts = more.astype(np.int64)

    @property
    def mean(self) -> float:
        """The average length."""
        return float(np.average(np.arange(len(self.counts)), weights=self.counts))

    @property
    def median(self) -> float:
        """The length in the middle; of two in the middle, their average."""
        below = np.cumsum(self.counts)
        middle = [(below[-1] - 1) // 2, below[-1] // 2]
        return float(np.searchsorted(below, middle, side="right").mean())


@dataclass(frozen=True)
class CorpusLengths:
    """Lengths of everything in a corpus."""

    sentences: LengthCounts  # in tokens
    documents: LengthCounts  # in tokens
    sentences_per_document: LengthCounts

    @classmethod
    def of(cls, shards: Iterable[TokenShard]) -> CorpusLengths:
        """Counts the lengths in some shards."""
        lengths = cls(LengthCounts(), LengthCounts(), LengthCounts())
        for shard in shards:
            lengths.sentences.add(np.diff(shard.sentences))
            lengths.documents.add(np.diff(shard.sentences[shard.documents]))
            lengths.sentences_per_document.add(np.diff(shard.documents))
        return lengths

    def describe(self) -> dict[str, Any]:
        """The fields of `CorpusStatistics` that follow from lengths."""
        return {
            "tokens_per_sentence_mean": self.sentences.mean,
            "tokens_per_sentence_median": self.sentences.median,
            "tokens_per_document_mean": self.documents.mean,
            "tokens_per_document_median": self.documents.median,
            "documents_of_one_sentence": int(self.sentences_per_document.counts[1]),
        }

    def plot(self, path: Path) -> None:
        """Draws how long sentences and documents are.

        Args:
            path: The PNG to write.
        """
        figure = Figure(figsize=(9, 3.5))
        panels = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.09, right=0.98, bottom=0.14, top=0.9, wspace=0.25)
        for panel, name in zip(panels, ("sentences", "documents"), strict=True):
            lengths: LengthCounts = getattr(self, name)
            edges, heights = _bars(lengths.counts)
            panel.stairs(heights, edges, fill=True)
            panel.axvline(lengths.median, color="black", linewidth=1, label="median")
            panel.set(
                title=f"{lengths.counts.sum():,} {name}", xlabel="tokens",
                ylabel=f"{name} per doubling of the length", xscale="log",
            )  # fmt: skip
            panel.minorticks_off()
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_formatter(EngFormatter(sep=""))
            panel.legend()
        figure.savefig(path, dpi=120)


def _bars(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges of bars that look equally wide, and their heights.

    Bars begin at whole numbers, so some are wider than others; heights are per doubling of
    the length, and areas therefore true.
    """
    end = max(len(counts), 2)
    steps = 1 + round(6 * np.log2(end))
    edges = np.unique(np.floor(np.geomspace(1, end, steps)))
    sums = np.add.reduceat(np.append(counts, 0)[:end], edges[:-1].astype(np.int64))
    return edges, sums / np.log2(edges[1:] / edges[:-1])
