"""What a text is turned into.

[encoding]  ->  tokenizer, wordpiece

Shape letters: N tokens of one text.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SpecialIds:
    """Ids of the tokens that text never produces, and of the unknown one."""

    pad: int
    unk: int
    cls: int
    sep: int
    mask: int


@dataclass(frozen=True)
class Encoding:
    """The tokens of one text."""

    token_ids: list[int]  # [N]
    pieces: list[str]  # [N]
    spans: list[tuple[int, int]]  # [N] first and past-the-last character of the text
    word_starts: list[bool]  # [N] True where a word begins


@dataclass(frozen=True)
class FlatIds:
    """The token ids of several texts in one array."""

    token_ids: NDArray[np.int32]  # [N] of all texts
    lengths: NDArray[np.int64]  # tokens of each text


def lengths(lists: Sequence[Sized]) -> NDArray[np.int64]:
    """How many members each has."""
    return np.fromiter(map(len, lists), np.int64, len(lists))
