"""The statistics are those of the lengths themselves."""

import statistics
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.shards import make_shard
from albert_tf.examples.statistics import CorpusLengths, LengthCounts, _bars


@pytest.mark.parametrize("lengths", [[1], [1, 2], [3, 1, 2], [7, 7, 2, 900, 1, 5]])
def test_mean_and_median_are_exact(lengths: list[int]) -> None:
    counts = LengthCounts()
    for part in (lengths[:2], lengths[2:]):
        counts.add(np.array(part, np.uint32))
    assert counts.mean == pytest.approx(statistics.mean(lengths), rel=1e-12)  # float64
    assert counts.median == statistics.median(lengths)


def test_lengths_of_a_corpus_are_described() -> None:
    shards = [make_shard([[[5, 6, 7], [8]], [[9]]], 120), make_shard([[[5, 6]]], 120)]
    assert CorpusLengths.of(shards).describe() == {
        "tokens_per_sentence_mean": 1.75, "tokens_per_sentence_median": 1.5,
        "tokens_per_document_mean": 7 / 3, "tokens_per_document_median": 2.0,
        "documents_of_one_sentence": 2,
    }  # fmt: skip


def test_documents_of_several_sentences_are_not_counted_as_of_one() -> None:
    lengths = CorpusLengths.of([make_shard([[[5], [6]]], 120)])
    assert lengths.describe()["documents_of_one_sentence"] == 0


def test_the_areas_of_the_bars_are_the_counts() -> None:
    counts = np.random.default_rng(0).integers(0, 50, 1001)
    counts[0] = 0
    edges, heights = _bars(counts)
    np.testing.assert_allclose(heights * np.log2(edges[1:] / edges[:-1]), np.add.reduceat(
        counts, edges[:-1].astype(int)
    ), rtol=1e-12)  # fmt: skip
    assert (edges[0], edges[-1]) == (1, 1001)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    CorpusLengths.of([make_shard([[[5]]], 120)]).plot(tmp_path / "lengths.png")
    assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")
