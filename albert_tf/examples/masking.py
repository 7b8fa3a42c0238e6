"""Hides words of packed sequences for the masked-language-model task.

packing.pad_batch  ->  [masking.mask_words]  ->  pretraining

Shape letters: B sequences, T tokens in the sequence, M masked places; K ordinary tokens and W
words of all sequences together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints

# In a script without spaces a whole sentence counts as a word; beyond this many pieces
# each is hidden alone, or such text would never be masked.
_LONGEST_WORD = 8

_Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class MaskedBatch:
    """Sequences with words hidden, and what was hidden."""

    token_ids: Ints  # [B, T] what the model reads
    mask_positions: Ints  # [B, M] places in each sequence, ascending, then 0
    mask_ids: Ints  # [B, M] the true ids at those places, then 0
    mask_weights: Ints  # [B, M] 1 for a hidden place, 0 for filler


@dataclass(frozen=True)
class _Words:
    """What can be hidden, sequence after sequence."""

    places: _Numbers  # [K] of the ordinary tokens, in the batch laid flat
    of_token: _Numbers  # [K] word of each of them
    pieces: _Numbers  # [W] tokens of each word
    row: _Numbers  # [W] sequence of each word
    start: _Numbers  # [W] place of its first token, in the batch laid flat


def mask_words(
    token_ids: Ints,
    word_ids: Ints,
    budgets: Ints,
    *,
    mask_id: int,
    vocab_size: int,
    rngs: Sequence[np.random.Generator],
    max_masks: int,
    max_ngram: int = 3,
) -> MaskedBatch:
    """Hides whole words, in runs of 1 to `max_ngram`, until each budget is spent.

    Runs begin at random words and have n words with probability proportional to 1/n; a word
    of more than 8 pieces counts as that many words. A run or word that overspends is left
    out, and later ones that fit are taken. Each hidden token becomes `mask_id` (80%), a
    random id (10%), or stays as it was (10%).

    Args:
        token_ids: int32 [B, T]. Packed sequences, special tokens and padding included.
        word_ids: int32 [B, T]. Pieces of one word share a number; -1 marks a token that
            must never be hidden, such as [CLS].
        budgets: int32 [B]. Tokens to hide of each sequence.
        mask_id: The id of [MASK].
        vocab_size: Random ids are drawn from [0, vocab_size), as the official code does,
            special ids among them.
        rngs: B generators, the only source of chance: what is hidden of a sequence does not
            depend on the others.
        max_masks: M; no budget may be larger.
        max_ngram: Longest run, in words.

    Raises:
        ValueError: the two arrays differ in shape, or a budget is larger than M.

    Source:
        ALBERT (arXiv:1909.11942) section 4.1 for the runs; BERT
        (arXiv:1810.04805) section 3.1 for 80/10/10; google-research/albert
        create_pretraining_data.py, create_masked_lm_predictions.
    """
    if token_ids.shape != word_ids.shape:
        raise ValueError(
            f"token_ids and word_ids must have equal shapes; "
            f"got {token_ids.shape} and {word_ids.shape}."
        )
    if budgets.max(initial=0) > max_masks:
        raise ValueError(f"budgets must be at most max_masks ({max_masks}); got {budgets.max()}.")
    rows, length = token_ids.shape
    draws = np.stack([rng.random(2 * (length + max_masks)) for rng in rngs])
    ranks, sizes, fates, others = np.split(
        draws, np.cumsum([length, length, max_masks]), axis=1
    )  # [B, T], [B, T], [B, M], [B, M]
    words = _find_words(word_ids)
    first_run = _first_runs(words, ranks.ravel(), _run_lengths(sizes.ravel(), max_ngram))
    chosen = _spend(words, first_run, budgets.astype(np.int64))
    row, column = np.divmod(words.places[chosen[words.of_token]], length)
    hidden = np.arange(max_masks) < np.bincount(row, minlength=rows)[:, None]  # [B, M]

    mask_positions, mask_ids = np.zeros((2, rows, max_masks), np.int32)
    mask_positions[hidden] = column
    mask_ids[hidden] = token_ids[row, column]
    random_ids = (others * vocab_size).astype(np.int32)
    shown = np.where(fates < 0.8, mask_id, np.where(fates < 0.9, mask_ids, random_ids))
    masked = token_ids.copy()
    masked[row, column] = shown[hidden]
    return MaskedBatch(masked, mask_positions, mask_ids, hidden.astype(np.int32))


def _find_words(word_ids: Ints) -> _Words:
    """The words of a batch; pieces of very long ones stand alone."""
    places = np.flatnonzero(word_ids >= 0)
    number, row = word_ids.ravel()[places], places // word_ids.shape[1]
    begins = np.full(len(places), True)
    begins[1:] = (number[1:] != number[:-1]) | (row[1:] != row[:-1])
    of_token = np.cumsum(begins) - 1
    begins |= np.bincount(of_token)[of_token] > _LONGEST_WORD
    of_token = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    pieces = np.diff(first, append=len(places))
    return _Words(places, of_token, pieces, row[first], places[first])


def _run_lengths(draws: NDArray[Any], max_ngram: int) -> _Numbers:
    """Turns uniform draws into 1 to `max_ngram`, n with probability proportional to 1/n."""
    odds = np.cumsum(1 / np.arange(1, max_ngram + 1))
    return 1 + np.searchsorted(odds[:-1] / odds[-1], draws, side="right")


def _first_runs(words: _Words, ranks: NDArray[Any], lengths: _Numbers) -> NDArray[Any]:
    """The rank of the first run that covers each word, [W]; one may begin at every word."""
    ranks, lengths = ranks[words.start], lengths[words.start]
    first = ranks.copy()
    for back in range(1, int(lengths.max(initial=1))):
        covered = (lengths[:-back] > back) & (words.row[:-back] == words.row[back:])
        first[back:] = np.minimum(first[back:], np.where(covered, ranks[:-back], np.inf))
    return first


def _spend(words: _Words, first_run: NDArray[Any], left: _Numbers) -> NDArray[np.bool_]:
    """Takes words, by the rank of their runs, as long as they fit what is left; bool [W]."""
    chosen = np.zeros(len(words.row), bool)
    waiting = np.lexsort((first_run, words.row))  # stable: words of one run stay in order
    while len(waiting):
        row, pieces = words.row[waiting], words.pieces[waiting]
        spent = np.cumsum(pieces)
        before = (spent - pieces)[np.searchsorted(row, row)]  # what earlier sequences spent
        fits = spent - before <= left[row]
        chosen[waiting[fits]] = True
        left = left - np.bincount(row[fits], pieces[fits], len(left)).astype(np.int64)
        # The first that does not fit is passed over, and so are all that never will.
        waiting = waiting[~fits & (pieces <= left[row])]
    return chosen
