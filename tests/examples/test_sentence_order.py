"""Sentence pairs are in order or swapped, half of each, and always from one document."""

import numpy as np
import pytest

from albert_tf.examples.sentence_order import order_pair
from albert_tf.text.tokenizer import Encoding

SENTENCES = [Encoding([10 + i], [str(i)], [(0, 1)], [True]) for i in range(5)]


def numbers(sentences: list[Encoding]) -> list[int]:
    return [sentence.token_ids[0] - 10 for sentence in sentences]


def test_the_label_says_whether_the_halves_are_swapped() -> None:
    for seed in range(50):
        pair = order_pair(SENTENCES, np.random.default_rng(seed))
        halves = [pair.first, pair.second] if pair.sop_label == 0 else [pair.second, pair.first]
        assert numbers(halves[0]) + numbers(halves[1]) == [0, 1, 2, 3, 4]
        assert pair.first
        assert pair.second


def test_half_of_the_pairs_are_swapped() -> None:
    rng = np.random.default_rng(0)
    labels = [order_pair(SENTENCES, rng).sop_label for _ in range(4000)]
    assert np.mean(labels) == pytest.approx(0.5, abs=0.024)  # 3 sigma


def test_one_sentence_has_no_order() -> None:
    with pytest.raises(ValueError, match="at least 2 to have an order; got 1"):
        order_pair(SENTENCES[:1], np.random.default_rng(0))
