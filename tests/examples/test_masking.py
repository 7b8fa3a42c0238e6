"""Masking hides whole words at the published rates and never a special token."""

import numpy as np
import pytest

from albert_tf.examples.masking import MaskedBatch, mask_words

MASK, VOCAB = 4, 1009


def mask_rows(
    token_ids: np.ndarray, word_ids: np.ndarray, budgets: list[int], *, seed: int = 0,
    max_masks: int | None = None, vocab_size: int = VOCAB, mask_id: int = MASK,
) -> MaskedBatch:  # fmt: skip
    return mask_words(
        token_ids.astype(np.int32), word_ids.astype(np.int32), np.array(budgets, np.int32),
        mask_id=mask_id, vocab_size=vocab_size, max_masks=max_masks or max(budgets),
        rngs=[np.random.default_rng((seed, row)) for row in range(len(budgets))],
    )  # fmt: skip


def mask(words: int = 100, rows: int = 1, budget: int = 30, seed: int = 0) -> MaskedBatch:
    """Sequences of words of two pieces between two tokens that must not be hidden."""
    token_ids = np.arange(10, 10 + 2 * words + 2)
    word_ids = np.concatenate([[-1], np.repeat(np.arange(words), 2), [-1]])
    return mask_rows(
        np.tile(token_ids, (rows, 1)), np.tile(word_ids, (rows, 1)), [budget] * rows, seed=seed
    )


def positions(masked: MaskedBatch, row: int = 0) -> np.ndarray:
    return masked.mask_positions[row][masked.mask_weights[row] == 1]


def test_same_seed_hides_the_same_words() -> None:
    first, second, other = mask(seed=7), mask(seed=7), mask(seed=8)
    np.testing.assert_array_equal(first.token_ids, second.token_ids)
    assert positions(first).tolist() != positions(other).tolist()


def test_a_sequence_is_masked_the_same_in_any_company() -> None:
    alone, together = mask(rows=1), mask(rows=7)
    for name, array in vars(alone).items():
        np.testing.assert_array_equal(array[0], getattr(together, name)[0])
    assert positions(together, 0).tolist() != positions(together, 1).tolist()


def test_the_true_ids_are_kept() -> None:
    masked = mask(rows=3)
    np.testing.assert_array_equal(masked.mask_ids, masked.mask_positions + 10)
    places = np.ones(masked.token_ids.shape, bool)
    np.put_along_axis(places, masked.mask_positions, False, axis=1)
    true = np.tile(np.arange(10, 212), (3, 1))
    np.testing.assert_array_equal(masked.token_ids[places], true[places])


def test_words_are_hidden_whole() -> None:
    words = (positions(mask()) - 1) // 2
    assert (np.unique(words, return_counts=True)[1] == 2).all()


def test_the_budget_is_spent_and_never_overspent() -> None:
    assert (mask(rows=50, budget=30).mask_weights.sum(1) == 30).all()
    assert (mask(rows=50, budget=31).mask_weights.sum(1) == 30).all()  # all words have two pieces


def test_budgets_are_spent_as_one_word_after_another_would() -> None:
    rng = np.random.default_rng(3)
    rows, length = 40, 61
    begins = rng.random((rows, length)) < 0.4
    word_ids = np.where(np.arange(length) < 3, -1, np.cumsum(begins, axis=1))
    budgets = rng.integers(1, 20, rows).tolist()
    token_ids = np.tile(np.arange(100, 100 + length), (rows, 1))
    masked = mask_rows(token_ids, word_ids, budgets, max_masks=19, seed=5)
    for row in range(rows):
        draws = np.random.default_rng((5, row)).random(2 * length + 2 * 19)
        expected = one_by_one(word_ids[row], draws[:length], draws[length:], budgets[row])
        assert positions(masked, row).tolist() == expected


def one_by_one(word_ids: np.ndarray, ranks: np.ndarray, sizes: np.ndarray, budget: int) -> list:
    """The rule of `mask_words` in its plainest form."""
    words = [np.flatnonzero(word_ids == word) for word in np.unique(word_ids[word_ids >= 0])]
    words = [part for word in words for part in ([word] if len(word) <= 8 else word[:, None])]
    hidden: set[int] = set()
    for first in sorted(range(len(words)), key=lambda number: ranks[words[number][0]]):
        size = sizes[words[first][0]]
        length = 1 if size < 6 / 11 else 2 if size < 9 / 11 else 3
        for word in words[first : first + length]:
            if not hidden & set(word.tolist()) and len(hidden) + len(word) <= budget:
                hidden |= set(word.tolist())
    return sorted(hidden)


def test_special_tokens_are_never_hidden() -> None:
    masked = mask(words=5, rows=50, budget=10)
    assert (masked.mask_weights == 1).all()
    assert set(masked.mask_positions.ravel().tolist()) == set(range(1, 11))


def test_eight_in_ten_hidden_tokens_become_the_mask() -> None:
    masked = mask(words=500, rows=60, budget=150)
    shown = np.take_along_axis(masked.token_ids, masked.mask_positions, axis=1)
    # 9,000 draws: 3 sigma is 0.013 of 0.8 and 0.0095 of 0.1; a random id is the true one or
    # [MASK] once in 1,009.
    assert (shown == MASK).mean() == pytest.approx(0.8, abs=0.013)
    assert (shown == masked.mask_ids).mean() == pytest.approx(0.1, abs=0.0095)


def test_random_ids_are_of_the_whole_vocabulary() -> None:
    token_ids, words = np.full((50, 400), 7), np.tile(np.arange(400), (50, 1))
    masked = mask_rows(token_ids, words, [400] * 50, vocab_size=11, mask_id=4)
    shown = masked.token_ids[(masked.token_ids != 4) & (masked.token_ids != 7)]
    counts = np.bincount(shown, minlength=11)[[0, 1, 2, 3, 5, 6, 8, 9, 10]]
    # 20,000 places, a tenth random, an eleventh of these each id: 182, sigma 13.
    assert counts == pytest.approx(np.full(9, 182), abs=4 * 13)


def test_a_script_without_spaces_is_masked_too() -> None:
    masked = mask_rows(np.tile(np.arange(10, 110), (5, 1)), np.zeros((5, 100)), [15] * 5)
    assert (masked.mask_weights == 1).all()


def test_the_mask_may_be_the_last_id() -> None:
    masked = mask_rows(np.arange(9)[None], np.arange(9)[None], [9], vocab_size=10, mask_id=9)
    assert (masked.mask_weights == 1).all()


def test_run_lengths_follow_one_over_n() -> None:
    # A budget of three words among a thousand: they lie together when the first run drawn
    # has three words (2/11), and all apart when the first two runs have one each (36/121).
    # Runs that touch by chance move both by less than 0.01.
    words = np.tile(np.arange(1000), (3000, 1))
    masked = mask_rows(words + 10, words, [3] * 3000)
    gaps = np.diff(masked.mask_positions)
    together, apart = (gaps == 1).all(1), (gaps > 1).all(1)
    assert together.mean() == pytest.approx(2 / 11, abs=0.03)  # 3 sigma is 0.021
    assert apart.mean() == pytest.approx(36 / 121, abs=0.035)  # 3 sigma is 0.025


def test_a_sequence_of_nothing_to_hide_hides_nothing() -> None:
    masked = mask_rows(np.zeros((2, 7)), np.full((2, 7), -1), [1, 1])
    assert (masked.mask_weights == 0).all()
    assert (masked.mask_positions == 0).all()


def test_unequal_shapes_are_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"equal shapes; got \(1, 8\) and \(1, 7\)"):
        mask_rows(np.zeros((1, 8)), np.zeros((1, 7)), [1])


def test_a_budget_over_the_places_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"at most max_masks \(2\); got 3"):
        mask_rows(np.zeros((1, 8)), np.zeros((1, 8)), [3], max_masks=2)
