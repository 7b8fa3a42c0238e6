"""The kinds of characters that WordPiece tells apart.

[characters]  ->  wordpiece

Source: google-research/bert tokenization.py; what is dropped, Hugging Face's BertTokenizer.
"""

from __future__ import annotations

import unicodedata

# Hangul and kana are not in it: they are written with spaces or in long runs.
_CJK_RANGES = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def is_control(character: str) -> bool:
    """Whether a character is dropped: invisible, or a mark of damage."""
    if character in "\t\n\r":
        return False
    return character in "\0\ufffd" or unicodedata.category(character).startswith("C")


def is_punctuation(character: str) -> bool:
    """Whether a character is a mark."""
    # ASCII symbols such as $ and ^ count, though Unicode files them elsewhere.
    ascii_symbol = "!" <= character <= "~" and not character.isalnum()
    return ascii_symbol or unicodedata.category(character).startswith("P")


def is_cjk(character: str) -> bool:
    """Whether a character is an ideograph."""
    code = ord(character)
    return any(low <= code <= high for low, high in _CJK_RANGES)


def is_alone(character: str, cleaned: str) -> bool:
    """Whether a character is a word of its own.

    Args:
        character: Of the text.
        cleaned: As the vocabulary has it; a mark counts as such without its accent.

    >>> is_alone("\u2260", "\u2260"), is_alone("\u2260", "=")
    (False, True)
    """
    return is_cjk(character) or any(map(is_punctuation, cleaned))
