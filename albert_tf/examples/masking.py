"""Hides words of a packed sequence for the masked-language-model task.

packing.pack  ->  [masking.mask_words]  ->  pretraining.batch_examples

Shape letters: T tokens in the sequence, M masked places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from albert_tf.examples.packing import Ints

# In a script without spaces a whole sentence counts as a word; beyond this many pieces
# each is hidden alone, or such text would never be masked.
_LONGEST_WORD = 8


@dataclass(frozen=True)
class MaskedSequence:
    """A sequence with words hidden, and what was hidden."""

    token_ids: Ints  # [T] what the model reads
    mask_positions: Ints  # [M] indices into token_ids, ascending
    mask_ids: Ints  # [M] the true ids at those places


def mask_words(
    token_ids: Ints,
    word_ids: Ints,
    *,
    mask_id: int,
    vocab_size: int,
    rng: np.random.Generator,
    rate: float = 0.15,
    max_ngram: int = 3,
) -> MaskedSequence:
    """Hides whole words, in runs of 1 to `max_ngram`, until `rate` is spent.

    A run of n words is drawn with probability proportional to 1/n; a word of more than
    8 pieces counts as that many words. Each hidden
    token becomes `mask_id` (80%), a random id (10%), or stays as it was (10%).

    Args:
        token_ids: int32 [T]. One packed sequence, special tokens included.
        word_ids: int32 [T]. Pieces of one word share a number; -1 marks a
            token that must never be hidden, such as [CLS].
        mask_id: The id of [MASK].
        vocab_size: Random ids are drawn from [0, vocab_size).
        rng: The only source of chance; the same state gives the same result.
        rate: Share of the T tokens to hide, from 0 to 1.
        max_ngram: Longest run, in words.

    Returns:
        The masked sequence; M is at most `max(1, round(rate * T))`.

    Raises:
        ValueError: the two arrays differ in length.

    Source:
        ALBERT (arXiv:1909.11942) section 4.1 for the runs; BERT
        (arXiv:1810.04805) section 3.1 for 80/10/10.
    """
    if len(token_ids) != len(word_ids):
        raise ValueError(
            f"token_ids and word_ids must have equal length; "
            f"got {len(token_ids)} and {len(word_ids)}."
        )
    budget = max(1, round(rate * len(token_ids)))
    positions = _choose_positions(word_ids, budget, max_ngram, rng)
    masked = token_ids.copy()
    draw = rng.random(len(positions))
    masked[positions[draw < 0.8]] = mask_id
    swapped = positions[draw >= 0.9]
    masked[swapped] = rng.integers(0, vocab_size, len(swapped))
    return MaskedSequence(token_ids=masked, mask_positions=positions, mask_ids=token_ids[positions])


def _choose_positions(
    word_ids: Ints, budget: int, max_ngram: int, rng: np.random.Generator
) -> Ints:
    """Positions of the hidden tokens, ascending, at most `budget` of them."""
    words: list[Ints] = []
    for word in np.unique(word_ids[word_ids >= 0]):
        pieces = np.flatnonzero(word_ids == word).astype(np.int32)
        words += [pieces] if len(pieces) <= _LONGEST_WORD else list(pieces[:, None])
    weights = 1 / np.arange(1, max_ngram + 1)
    hidden = np.zeros(len(word_ids), bool)
    for first in rng.permutation(len(words)):
        length = 1 + rng.choice(max_ngram, p=weights / weights.sum())
        # A run that overspends is shortened rather than dropped.
        for word in words[first : first + length]:
            if not hidden[word].any() and hidden.sum() + len(word) <= budget:
                hidden[word] = True
        if hidden.sum() == budget:
            break
    return np.flatnonzero(hidden).astype(np.int32)
