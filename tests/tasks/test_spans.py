"""Windows share out the tokens, labels give the answer back, and the best spans are the best."""

import pickle
from itertools import islice

import numpy as np
import pytest

from albert_tf.examples.packing import pack
from albert_tf.tasks.spans import PassageReader, best_span, best_spans, cut, place, stretches
from albert_tf.tasks.task import Window
from albert_tf.text.encoding import Encoding
from albert_tf.text.tokenizer import Tokenizer


def owner(shown: list[slice], token: int) -> int:
    """The stretch where a token has most context, by trying all of them in turn."""
    best, chosen = None, -1
    for number, stretch in enumerate(shown):
        if stretch.start <= token < stretch.stop:
            length = stretch.stop - stretch.start
            left, right = token - stretch.start, stretch.stop - 1 - token
            score = min(left, right) + 0.01 * length
            if best is None or score > best:
                best, chosen = score, number
    return chosen


@pytest.mark.parametrize(("room", "step"), [(7, 3), (8, 8), (11, 1), (5, 4), (317, 128)])
def test_a_token_belongs_to_the_stretch_with_most_context(room: int, step: int) -> None:
    for tokens in (1, room, room + 1, 2 * room + 3, 5 * room - 1):
        windows = stretches(tokens, room, step)
        shown = [stretch for stretch, _ in windows]
        owners = [[] for _ in shown]
        for token in range(tokens):
            owners[owner(shown, token)].append(token)
        for (stretch, own), expected in zip(windows, owners, strict=True):
            assert list(range(stretch.start, stretch.stop)[own]) == expected
        assert [stretch.start for stretch in shown] == list(range(0, step * len(shown), step))
        assert shown[-1].stop == tokens
        assert all(stretch.stop == stretch.start + room for stretch in shown[:-1])


def test_an_empty_passage_is_one_empty_stretch() -> None:
    assert stretches(0, 5, 2) == [(slice(0, 0), slice(0, 0))]


def plain_spans(
    logits: list[tuple[np.ndarray, np.ndarray]], own: list[slice], max_length: int
) -> list[tuple[int, int, int, float]]:
    """Every span of every window by trying them all, best first, the first of equals first."""
    found = []
    for number, (start, end) in enumerate(logits):
        for first in range(len(start))[own[number]]:
            for last in range(first, min(first + max_length, len(end))):
                found.append((number, first, last, float(start[first] + end[last])))
    return sorted(found, key=lambda span: -span[3])


@pytest.mark.parametrize("levels", [3, 1000003])
@pytest.mark.parametrize("max_length", [1, 5, 30])
def test_the_best_spans_are_those_of_a_plain_search(levels: int, max_length: int) -> None:
    # Of three levels, most spans are equal; of many, their sums are rounded.
    rng = np.random.default_rng(levels + max_length)
    equals = 0
    for _ in range(20):
        sizes = rng.integers(1, 23, 3)
        logits = [
            tuple(rng.integers(0, levels, (2, size)).astype(np.float32) / 7) for size in sizes
        ]
        own = [slice(int(first), None) for first in rng.integers(0, sizes)]
        expected = plain_spans(logits, own, max_length)
        assert list(best_spans(logits, own, max_length, expected=2)) == expected
        assert list(islice(best_spans(logits, own, max_length, expected=9), 9)) == expected[:9]
        for number, (start, end) in enumerate(logits):
            alone = next(span for span in expected if span[0] == number)
            assert best_span(start, end, max_length, own[number]) == alone[1:]
        equals += expected[0][3] == expected[min(1, len(expected) - 1)][3]
    # The control: with few levels the first of equals is really chosen among several.
    assert (equals > 10) == (levels == 3)


def test_every_answer_of_whole_pieces_comes_back_from_its_place(tokenizer: Tokenizer) -> None:
    context = "At dawn Mina  was in the Kitchen, \ufb01nding caf\u00e9s; then a RED  lamp. " * 4
    encoding = tokenizer.encode(context)
    whole = [span for span in encoding.spans if span[0] < span[1]]
    rng = np.random.default_rng(0)
    recovered = 0
    for _ in range(300):
        begin = int(rng.integers(0, len(encoding.spans) - 20))
        window = Window(
            pack([5], encoding.token_ids[begin : begin + 20], tokenizer.special), 3,
            encoding.spans[begin : begin + 20],
        )  # fmt: skip
        first = int(rng.integers(0, len(whole) - 7))
        last = first + int(rng.integers(0, 7))
        start, end = whole[first][0], whole[last][1]
        label = place(window, start, end)
        inside = window.spans[0][0] <= start and end <= window.spans[-1][1]
        assert (label != (0, 0)) == inside
        if inside:
            assert cut(context, window, label[0] - 3, label[1] - 3) == (
                context[start:end], start, end,
            )  # fmt: skip
            recovered += 1
    assert recovered > 20


def test_cut_words_have_no_space_around(tokenizer: Tokenizer) -> None:
    window = Window(pack([], [], tokenizer.special), spans=[(0, 2), (2, 6), (6, 8)])
    assert cut("  lamp  ", window, 0, 2) == ("lamp", 2, 6)
    assert cut("  lamp  ", window, 2, 2) == ("", 8, 8)


class CountingTokenizer:
    """Counts how often it is asked."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer, self.calls = tokenizer, 0

    def encode(self, text: str) -> Encoding:
        self.calls += 1
        return self.tokenizer.encode(text)


def test_a_passage_is_split_once_and_few_are_remembered(tokenizer: Tokenizer) -> None:
    read, counting = PassageReader(size=3), CountingTokenizer(tokenizer)
    for context in ("a", "a", "b", "a", "b"):
        assert read(counting, context).spans == tokenizer.encode(context).spans
    assert counting.calls == 2
    for context in ("c", "d", "e", "a"):
        read(counting, context)
    assert counting.calls == 6  # "a" was forgotten
    assert read(tokenizer, "a").token_ids.tolist() == tokenizer.encode("a").token_ids
    pickle.loads(pickle.dumps(read))(counting, "a")
    assert counting.calls == 7  # a copy remembers nothing
