"""Windows of a passage, places of answers in them, and the best spans of what a model says.

tokenizer  ->  [spans.stretches, place, best_span, best_spans]  ->  squad

Shape letters: N tokens of the passage, W tokens of it in a window, S tokens of a window where an
answer may begin, L most tokens of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from albert_tf.examples.packing import Ints
from albert_tf.tasks.task import Floats, Window
from albert_tf.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Passage:
    """The tokens of a passage."""

    token_ids: Ints  # [N]
    spans: list[tuple[int, int]]  # [N] first and past-the-last character


class PassageReader:
    """Splits passages into tokens and remembers the last few, which many questions share.

    Args:
        size: How many passages to remember.
    """

    def __init__(self, size: int = 8) -> None:
        self._size = size
        # A protocol does not promise it, but tokenizers are told apart by identity.
        remembering = lru_cache(maxsize=size)(_read)
        self._read: Callable[[Tokenizer, str], Passage] = remembering  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return PassageReader, (self._size,)  # a copy begins with no memory

    def __call__(self, tokenizer: Tokenizer, context: str) -> Passage:
        return self._read(tokenizer, context)


def _read(tokenizer: Tokenizer, context: str) -> Passage:
    encoding = tokenizer.encode(context)
    return Passage(np.array(encoding.token_ids, np.int32), encoding.spans)


def stretches(tokens: int, room: int, step: int) -> list[tuple[slice, slice]]:
    """Cuts a passage into overlapping stretches, and says which tokens are whose to answer.

    A token that several stretches show belongs to the one where the smaller of its left and
    right context, plus a hundredth of the stretch's length, is greatest; to the first of equals.

    Args:
        tokens: N.
        room: Most tokens of a stretch, at least 1.
        step: Tokens from one beginning to the next, from 1 to `room`.

    Returns:
        For each stretch, the tokens of the passage it shows, and, counted from its first, those
        that belong to it.

    Source: google-research/albert squad_utils.py, _check_is_max_context.

    >>> stretches(8, room=6, step=3)
    [(slice(0, 6, None), slice(0, 5, None)), (slice(3, 8, None), slice(2, 5, None))]
    """
    count = 1 + -(-max(tokens - room, 0) // step)
    shown = [slice(n * step, min(n * step + room, tokens)) for n in range(count)]
    best, owner = np.full(tokens, -np.inf), np.zeros(tokens, np.int64)  # [N]
    for number, stretch in enumerate(shown):
        length = stretch.stop - stretch.start
        left = np.arange(length)
        context = np.minimum(left, left[::-1]) + 0.01 * length
        more = context > best[stretch]
        best[stretch][more], owner[stretch][more] = context[more], number
    own = []
    for number, stretch in enumerate(shown):
        # These are neighbours: what one stretch gains on the next falls from left to right.
        (places,) = np.nonzero(owner[stretch] == number)
        own.append(slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0))
    return list(zip(shown, own, strict=True))


def place(window: Window, first: int, last: int) -> tuple[int, int]:
    """First and last token of the characters from `first` to `last`; 0, 0 if not all here."""
    if not window.spans or window.spans[0][0] > first or window.spans[-1][1] < last:
        return 0, 0
    inside = [
        window.offset + token
        for token, (start, end) in enumerate(window.spans)
        if start < last and end > first
    ]
    return (inside[0], inside[-1]) if inside else (0, 0)


def cut(context: str, window: Window, first: int, last: int) -> tuple[str, int, int]:
    """The words from one token of a window's passage to another, without white space around.

    Returns:
        The words, their first character in the passage, and the one past their last.
    """
    start, end = window.spans[first][0], window.spans[last][1]
    words = context[start:end]
    start += len(words) - len(words.lstrip())
    words = words.strip()
    return words, start, start + len(words)


def passage_logits(window: Window, output: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Start and end logits of the passage alone, each [W]."""
    passage = slice(window.offset, window.offset + len(window.spans))
    return output["start"][passage], output["end"][passage]


def null_score(outputs: Sequence[dict[str, Floats]]) -> float:
    """The score of no answer: that of [CLS] in the window where it is smallest."""
    return min(float(output["start"][0] + output["end"][0]) for output in outputs)


def following_ends(end: Floats, max_length: int, own: slice = slice(None)) -> Floats:
    """The end logits that a span may take, by its beginning.

    Args:
        end: float [W].
        max_length: L.
        own: The S tokens where a span may begin.

    Returns:
        float [S, L], a view; -inf past the end of the window.
    """
    first, past, _ = own.indices(len(end))
    if past <= first:
        return np.empty((0, max_length), end.dtype)
    ends = np.full(past - first + max_length - 1, -np.inf, end.dtype)
    reached = end[first : past + max_length - 1]
    ends[: len(reached)] = reached
    return np.lib.stride_tricks.sliding_window_view(ends, max_length)


def best_span(
    start: Floats, end: Floats, max_length: int, own: slice = slice(None)
) -> tuple[int, int, float]:
    """Finds the span with the highest sum of start and end logit; of equals, the first.

    Args:
        start: float [W]. Logits of the first token.
        end: float [W]. Logits of the last token.
        max_length: Longest span, in tokens; a window has none longer than itself.
        own: Tokens where a span may begin; at least one.

    Returns:
        First token, last token, and the sum.

    >>> best_span(np.array([0., 3., 0.]), np.array([4., 1., 2.]), max_length=2)
    (1, 2, 5.0)
    """
    ends = following_ends(end, min(max_length, len(end)), own)  # [S, L]
    starts = start[own]  # [S]
    # Rounding keeps order, so the sum of maxima is the maximum of sums.
    first = int((starts + ends.max(axis=1)).argmax())
    sums = starts[first] + ends[first]  # [L]
    length = int(sums.argmax())
    begin = first + own.indices(len(start))[0]
    return begin, begin + length, float(sums[length])


def best_spans(
    logits: Sequence[tuple[Floats, Floats]], own: Sequence[slice], max_length: int, expected: int
) -> Iterator[tuple[int, int, int, float]]:
    """Yields all spans of several windows, best first; of equals, the first.

    Args:
        logits: Of each window, start and end, float [W].
        own: Of each window, the tokens where a span may begin.
        max_length: L.
        expected: About how many spans will be asked for; more are sorted only on demand.

    Yields:
        The number of the window, first token, last token, and the sum of both logits.
    """
    max_length = min(max_length, max(1, *(len(end) for _, end in logits)))
    bands = [
        start[tokens][:, None] + following_ends(end, max_length, tokens)  # [S, L]
        for (start, end), tokens in zip(logits, own, strict=True)
    ]
    begins = np.cumsum([0] + [band.size for band in bands])
    scores = np.concatenate([band.ravel() for band in bands])
    for index in _ranked(scores, 4 * expected):
        number = int(np.searchsorted(begins, index, side="right")) - 1
        row, length = divmod(index - int(begins[number]), max_length)
        first = row + own[number].indices(len(logits[number][0]))[0]
        yield number, first, first + length, float(scores[index])


def _ranked(scores: Floats, chunk: int) -> Iterator[int]:
    """The places of finite scores, best first, the first of equals first, sorted by chunks."""
    done, total = 0, int(np.isfinite(scores).sum())
    while done < total:
        chunk = min(chunk, total)
        least = np.partition(scores, len(scores) - chunk)[len(scores) - chunk]
        (chosen,) = np.nonzero(scores >= least)
        order = chosen[np.argsort(-scores[chosen], kind="stable")]
        yield from map(int, order[done:])
        done, chunk = len(order), 4 * chunk
