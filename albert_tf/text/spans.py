"""Finds the characters of the raw text that each piece of the cleaned text came from.

tokenizer.SentencePieceTokenizer  ->  [spans]  ->  tokenizer.Encoding

Shape letters: N pieces, C characters of the cleaned text.
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int]


def widened(spans: Sequence[Span], pieces: Sequence[str], places: Sequence[int]) -> list[Span]:
    """Spans in which a character that was rewritten as several is never cut.

    SentencePiece ends a piece that stops inside such a rewriting, like the 1 of \u00bd,
    before the raw character, and counts what was dropped before a word to the word.

    Args:
        spans: [N] as SentencePiece gives them.
        pieces: [N] with \u2581 for a space; joined they are the cleaned text.
        places: [C + 1] where in the raw text each cleaned character came from; the last is
            the end.

    Returns:
        [N] spans. A piece that is only a space keeps its own, and so does every piece if
        the pieces do not join to C characters (bytes of unknown characters).

    >>> widened([(0, 0), (0, 0), (0, 1)], ["\u25811", "/", "2"], [0, 0, 0, 0, 1])
    [(0, 1), (0, 1), (0, 1)]
    """
    if sum(map(len, pieces)) != len(places) - 1:
        return list(spans)
    result: list[Span] = []
    end = 0
    for span, piece in zip(spans, pieces, strict=True):
        start, end = end, end + len(piece)
        first = start + piece.startswith("\u2581")
        if first == end:
            result.append(span)
            continue
        after = end
        while after < len(places) - 1 and places[after] == places[end - 1]:
            after += 1
        result.append((places[first], places[after]))
    return result


def without_leading_space(text: str, start: int, end: int) -> Span:
    """The span without the white space it begins with."""
    while start < end and text[start].isspace():
        start += 1
    return start, end
