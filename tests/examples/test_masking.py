"""Masking hides whole words at the published rates and never a special token."""

import numpy as np
import pytest

from albert_tf.examples.masking import MaskedSequence, mask_words

MASK, VOCAB = 4, 1009


def mask(words: int = 100, seed: int = 0, rate: float = 0.15, max_ngram: int = 3) -> MaskedSequence:
    token_ids = np.arange(10, 10 + 2 * words + 2, dtype=np.int32)
    word_ids = np.concatenate([[-1], np.repeat(np.arange(words), 2), [-1]]).astype(np.int32)
    return mask_words(
        token_ids, word_ids, mask_id=MASK, vocab_size=VOCAB, rng=np.random.default_rng(seed),
        rate=rate, max_ngram=max_ngram,
    )  # fmt: skip


def test_same_seed_hides_the_same_words() -> None:
    first, second, other = mask(seed=7), mask(seed=7), mask(seed=8)
    np.testing.assert_array_equal(first.token_ids, second.token_ids)
    assert first.mask_positions.tolist() != other.mask_positions.tolist()


def test_the_true_ids_are_kept() -> None:
    masked = mask()
    np.testing.assert_array_equal(masked.mask_ids, masked.mask_positions + 10)


def test_words_are_hidden_whole() -> None:
    words = (mask().mask_positions - 1) // 2
    assert (np.unique(words, return_counts=True)[1] == 2).all()


def test_the_budget_is_spent_and_never_overspent() -> None:
    for seed in range(20):
        assert len(mask(seed=seed).mask_positions) == 30  # round(0.15 * 202), in pairs


def test_special_tokens_are_never_hidden() -> None:
    hidden = np.concatenate([mask(words=5, seed=s, rate=0.9).mask_positions for s in range(50)])
    assert not set(hidden.tolist()) & {0, 11}


def test_eight_in_ten_hidden_tokens_become_the_mask() -> None:
    runs = [mask(words=500, seed=seed) for seed in range(20)]
    masked = np.concatenate([run.token_ids[run.mask_positions] == MASK for run in runs])
    kept = np.concatenate([run.token_ids[run.mask_positions] == run.mask_ids for run in runs])
    assert masked.mean() == pytest.approx(0.8, abs=0.03)  # 3000 draws; 3 sigma is 0.022
    assert kept.mean() == pytest.approx(0.1, abs=0.02)  # 3000 draws; 3 sigma is 0.016


def test_a_script_without_spaces_is_masked_too() -> None:
    token_ids = np.arange(10, 110, dtype=np.int32)
    one_word = np.zeros(100, np.int32)
    hidden = [
        mask_words(
            token_ids, one_word, mask_id=MASK, vocab_size=VOCAB, rng=np.random.default_rng(seed)
        ).mask_positions
        for seed in range(5)
    ]
    assert [len(positions) for positions in hidden] == [15] * 5


def test_the_mask_may_be_the_last_id() -> None:
    masked = mask_words(
        np.arange(9, dtype=np.int32), np.arange(9, dtype=np.int32), mask_id=9, vocab_size=10,
        rng=np.random.default_rng(0), rate=1.0,
    )  # fmt: skip
    assert len(masked.mask_positions) == 9


def test_run_lengths_follow_one_over_n() -> None:
    # A budget of three words among a thousand: they lie together when the first run drawn
    # has three words (2/11), and all apart when the first two runs have one each (36/121).
    # Runs that touch by chance move both by less than 0.01.
    together, apart = [], []
    for seed in range(3000):
        masked = mask_words(
            np.arange(10, 1010, dtype=np.int32), np.arange(1000, dtype=np.int32), mask_id=MASK,
            vocab_size=VOCAB, rng=np.random.default_rng(seed), rate=0.003,
        )  # fmt: skip
        gaps = np.diff(masked.mask_positions)
        together.append((gaps == 1).all())
        apart.append((gaps > 1).all())
    assert np.mean(together) == pytest.approx(2 / 11, abs=0.03)  # 3 sigma is 0.021
    assert np.mean(apart) == pytest.approx(36 / 121, abs=0.035)  # 3 sigma is 0.025


def test_unequal_lengths_are_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="equal length; got 8 and 7"):
        mask_words(
            np.zeros(8, np.int32), np.zeros(7, np.int32), mask_id=MASK, vocab_size=VOCAB,
            rng=np.random.default_rng(0),
        )  # fmt: skip
