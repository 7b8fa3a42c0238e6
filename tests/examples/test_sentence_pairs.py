"""Pairs are in order or swapped, half of each, and from one document unless nsp asks."""

from itertools import pairwise

import numpy as np
import pytest

from albert_tf.examples.chunks import Chunks
from albert_tf.examples.sentence_pairs import SegmentPair, draw_pair
from albert_tf.examples.shards import make_shard

TARGET = 40


def chunks(documents: int = 11, sentences: int = 37, tokens: int = 1) -> Chunks:
    """Documents of many sentences; a token is 1000 times its document + its sentence."""
    content = [
        [[1000 * document + sentence] * tokens for sentence in range(sentences)]
        for document in range(documents)
    ]
    return Chunks([make_shard(content[:5], 1 << 16), make_shard(content[5:], 1 << 16)], TARGET)


def draw(objective: str, count: int, **sizes: int) -> list[SegmentPair]:
    text = chunks(**sizes)
    return [
        draw_pair(text, number % len(text), TARGET + 3, objective, np.random.default_rng(number))
        for number in range(count)
    ]


def test_the_label_says_whether_the_halves_are_swapped() -> None:
    for pair in draw("sop", 500):
        assert pair.second is not None
        halves = [pair.first, pair.second] if pair.label == 0 else [pair.second, pair.first]
        joined = np.concatenate(halves)
        assert (np.diff(joined.astype(int)) == 1).all()  # consecutive, of one document


@pytest.mark.parametrize("objective", ["sop", "nsp"])
def test_half_of_the_pairs_are_negative(objective: str) -> None:
    labels = [pair.label for pair in draw(objective, 4000)]
    assert np.mean(labels) == pytest.approx(0.5, abs=0.024)  # 3 sigma


def test_next_sentences_follow_or_come_from_another_document() -> None:
    others = set()
    for pair in draw("nsp", 3000):
        assert pair.second is not None
        document, other = pair.first[0] // 1000, pair.second[0] // 1000
        assert (other == document) == (pair.label == 0)
        assert set(pair.second // 1000) == {other}
        if pair.label == 0:
            assert pair.second[0] == pair.first[-1] + 1
        others |= {(document, other)} if pair.label else set()
    assert len(others) == 11 * 10  # everywhere from everywhere: 1,500 draws, 14 of each


def test_without_an_objective_both_halves_stay_in_order() -> None:
    for pair in draw("none", 200):
        assert pair.label == 0
        assert pair.second is not None
        assert (np.diff(np.concatenate([pair.first, pair.second]).astype(int)) == 1).all()


def test_a_lone_sentence_is_one_segment_cut_to_the_input() -> None:
    text = Chunks([make_shard([[list(range(100))]], 101)], TARGET, lone_sentences=True)
    pair = draw_pair(text, 0, TARGET + 3, "none", np.random.default_rng(0))
    assert pair.second is None
    assert len(pair.first) == TARGET + 1  # one [SEP] less


def test_nine_in_ten_are_full_and_the_others_of_any_length() -> None:
    pairs = draw("sop", 6000, documents=11, sentences=TARGET)
    lengths = np.array([len(pair.first) + len(pair.second) for pair in pairs])  # type: ignore[arg-type]
    # One token per sentence, so that a short example has the drawn target: 2 to 40 alike.
    short = 0.1 * (1 - 1 / (TARGET - 1))
    assert (lengths < TARGET).mean() == pytest.approx(short, abs=0.012)  # 3 sigma
    drawn = lengths[lengths < TARGET]
    assert drawn.min() == 2
    assert drawn.mean() == pytest.approx(20.5, abs=1.4)  # 580 of spread 11; 3 sigma


def test_a_short_example_lies_anywhere_in_its_chunk() -> None:
    pairs = draw("none", 6000, documents=11, sentences=TARGET)
    starts = [int(p.first[0]) % 1000 for p in pairs if len(p.first) + len(p.second) < 20]  # type: ignore[arg-type]
    assert min(starts) == 0
    assert max(starts) > 30
    ends = [int(p.second[-1]) % 1000 for p in pairs if len(p.first) + len(p.second) < 20]  # type: ignore[arg-type, index]
    # Mirror images of each other: 270 draws of spread 10 each, 3 sigma is 2.6.
    assert np.mean(starts) == pytest.approx(TARGET - 1 - np.mean(ends), abs=2.6)


def test_a_short_target_inside_one_sentence_still_takes_two() -> None:
    for pair in draw("sop", 300, sentences=3, tokens=13):
        assert pair.second is not None
        assert pair.first[0] != pair.second[-1]


def test_every_boundary_splits_alike() -> None:
    firsts = [len(pair.first) for pair in draw("none", 8000, sentences=7)]
    share = np.bincount(firsts, minlength=7)[1:7] / 8000
    # 9 in 10 split 7 sentences at 6 boundaries; 3 sigma of a share of 0.15 is 0.012, and the
    # short ones add at most 0.1 to the first.
    assert (share[1:] > 0.15 - 0.012).all()
    assert all(a >= b - 0.017 for a, b in pairwise(share))


def test_what_is_cut_leaves_at_both_ends() -> None:
    text = Chunks([make_shard([[list(range(100)), list(range(100, 200))]], 201)], TARGET)
    pairs = [
        draw_pair(text, 0, TARGET + 3, "sop", np.random.default_rng(seed)) for seed in range(20)
    ]
    assert all(len(pair.first) == len(pair.second) == TARGET // 2 for pair in pairs)  # type: ignore[arg-type]
    firsts = {int(pair.first[0]) % 100 for pair in pairs}
    assert min(firsts) > 0
    assert max(firsts) < 80
    assert len(firsts) > 5
