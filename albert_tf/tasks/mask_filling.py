"""Words for the gaps of a text, as a pretrained model guesses them.

text with [MASK]s  ->  [mask_filling.fill_masks]  <-  any Run of a model with a masked-LM head

Shape letters: M gaps, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from albert_tf.examples.packing import pack, pad_batch
from albert_tf.tasks.task import Run
from albert_tf.text.tokenizer import Tokenizer

MASK = "[MASK]"


@dataclass(frozen=True)
class Guess:
    """A piece of the vocabulary that may stand in a gap."""

    piece: str
    probability: float


def fill_masks(
    text: str, tokenizer: Tokenizer, run: Run, *, sequence_length: int = 512, top: int = 5
) -> list[list[Guess]]:
    """Guesses the piece behind each [MASK] of a text: here, and only here, it is a token.

    Args:
        text: With at least one [MASK].
        tokenizer: The vocabulary of the model.
        run: The model.
        sequence_length: Longest input in tokens, special tokens included.
        top: Guesses for each gap, at least 1.

    Returns:
        For each of the M gaps, in the order of the text, its guesses, likeliest first.

    Raises:
        ValueError: no [MASK], a text that is too long, or `top` below 1.
    """
    if top < 1:
        raise ValueError(f"top must be at least 1; got {top}.")
    first, *others = tokenizer.encode_ids(text.split(MASK))
    if not others:
        raise ValueError(f"text must hold a {MASK}; got {text!r}.")
    ids = first + [token for part in others for token in (tokenizer.special.mask, *part)]
    if len(ids) > sequence_length - 2:
        raise ValueError(
            f"text must have at most {sequence_length - 2} tokens; this one has {len(ids)}."
        )
    packed = pack(ids, None, tokenizer.special)
    gaps = np.flatnonzero(packed.token_ids == tokenizer.special.mask).astype(np.int32)  # [M]
    batch = pad_batch([packed], pad_id=tokenizer.special.pad)
    logits = run({**batch, "mask_positions": gaps[None]})["mlm"][0]  # [M, V]
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities = weights / weights.sum(-1, keepdims=True)
    # A table may have more rows than the vocabulary has pieces.
    best = np.argsort(-probabilities[:, : tokenizer.vocab_size], kind="stable")[:, :top]
    return [
        [Guess(tokenizer.piece(token), float(row[token])) for token in map(int, tokens)]
        for row, tokens in zip(probabilities, best, strict=True)
    ]
