"""Lays token ids out as `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]` and pads a batch of them.

text.tokenizer, sentence_pairs  ->  [packing.pack]  ->  masking.mask_words, tasks, runtime

Shape letters: B sequences, T tokens in the sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_tf.text.encoding import SpecialIds

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class PackedSequence:
    """One sequence as the model reads it, without padding."""

    token_ids: Ints  # [T]
    segment_ids: Ints  # [T] 0 for [CLS] A [SEP], 1 for B [SEP]


def pack(
    first: Sequence[int] | NDArray[Any],
    second: Sequence[int] | NDArray[Any] | None,
    special: SpecialIds,
) -> PackedSequence:
    """Joins one or two segments with the special tokens.

    Nothing is cut: fit the segments with `truncate` first.

    Args:
        first: Token ids of segment A.
        second: Token ids of segment B, or None for a single segment.
        special: The ids of [CLS] and [SEP].

    Source: google-research/albert classifier_utils.py, convert_single_example.

    >>> from albert_tf.text.encoding import SpecialIds
    >>> packed = pack([7, 8], [9], SpecialIds(pad=0, unk=1, cls=2, sep=3, mask=4))
    >>> packed.token_ids.tolist(), packed.segment_ids.tolist()
    ([2, 7, 8, 3, 9, 3], [0, 0, 0, 0, 1, 1])
    """
    parts = [[special.cls], first, [special.sep]]
    parts += [] if second is None else [second, [special.sep]]
    token_ids = np.concatenate(parts, dtype=np.int32, casting="unsafe")
    segment_ids = np.zeros(len(token_ids), np.int32)
    segment_ids[len(first) + 2 :] = 1
    return PackedSequence(token_ids, segment_ids)


def truncate(first: int, second: int | None, sequence_length: int) -> tuple[int, int]:
    """Returns how many tokens of each segment fit, cutting the longer one first.

    Args:
        first: Tokens in segment A.
        second: Tokens in segment B, or None for a single segment.
        sequence_length: Longest packed sequence, special tokens included.

    Raises:
        ValueError: there is no room for one token of each segment.

    Source: google-research/albert classifier_utils.py, _truncate_seq_pair.

    >>> truncate(10, 4, 12), truncate(10, None, 12)
    ((5, 4), (10, 0))
    """
    room = sequence_length - (2 if second is None else 3)
    if room < (1 if second is None else 2):
        raise ValueError(
            f"sequence_length must leave room for a token of each segment beside the "
            f"special tokens; got {sequence_length}."
        )
    if second is None:
        return min(first, room), 0
    second = min(second, max(room // 2, room - first))
    return min(first, room - second), second


def pad_batch(
    sequences: Sequence[PackedSequence], length: int | None = None, pad_id: int = 0
) -> dict[str, Ints]:
    """Stacks sequences into the three model inputs.

    Args:
        sequences: B packed sequences.
        length: T of the result; by default that of the longest sequence.
        pad_id: The id of the padding token.

    Returns:
        `token_ids`, `segment_ids` and `padding_mask`, each int32 [B, T].

    Raises:
        ValueError: a sequence is longer than `length`.
    """
    longest = max(len(sequence.token_ids) for sequence in sequences)
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"length must hold the longest sequence ({longest}); got {length}.")
    shape = (len(sequences), length)
    batch = {
        "token_ids": np.full(shape, pad_id, np.int32),
        "segment_ids": np.zeros(shape, np.int32),
        "padding_mask": np.zeros(shape, np.int32),
    }
    for row, sequence in enumerate(sequences):
        real = slice(len(sequence.token_ids))
        batch["token_ids"][row, real] = sequence.token_ids
        batch["segment_ids"][row, real] = sequence.segment_ids
        batch["padding_mask"][row, real] = 1
    return batch
