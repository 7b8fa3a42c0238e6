"""Spans cut the raw text so that what is cut is read as the same pieces again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from albert_tf.text.spans import widened
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary import adopt_vocabulary
from tests.text.test_normalization import real_lines

CHANGED = [  # a text, and its words as they are written
    ("the \ufb01nal \u0130lk one", ["the", "\ufb01nal", "\u0130lk", "one"]),
    ("\u00bd of it", ["\u00bd", "of", "it"]),
    ("cafe\u0301  e\u0301te\u0301", ["cafe\u0301", "e\u0301te\u0301"]),
    ("\uff21\uff22 \uff11\uff12", ["\uff21\uff22", "\uff11\uff12"]),
    ("so \U0001f600 \u4e2d\u6587!", ["so", "\U0001f600", "\u4e2d\u6587!"]),
    (" ``Mina''\u3000was\t", ["``Mina''", "was"]),
]


def words(reader: Tokenizer, text: str) -> Iterator[tuple[list[str], str]]:
    """The pieces of each word between white space, and the text that their spans cut out."""
    encoding = reader.encode(text)
    starts = [place for place, piece in enumerate(encoding.pieces) if piece[0] == "\u2581"]
    for first, after in zip(starts, [*starts[1:], len(encoding.pieces)], strict=True):
        start, end = encoding.spans[first][0], encoding.spans[after - 1][1]
        yield encoding.pieces[first:after], text[start:end]


def read_otherwise(reader: Tokenizer, texts: Iterable[str]) -> tuple[list[list[str]], int]:
    """Words whose text is read as other pieces, and how many words there are."""
    count, wrong = 0, []
    for text in texts:
        for pieces, cut in words(reader, text):
            count += 1
            if reader.encode(cut).pieces != pieces:
                wrong.append(pieces)
    return wrong, count


@pytest.mark.parametrize(("text", "expected"), CHANGED)
def test_words_are_cut_out_whole(tokenizer: Tokenizer, text: str, expected: list[str]) -> None:
    assert [cut for _, cut in words(tokenizer, text)] == expected


def test_a_character_made_into_several_pieces_is_whole_in_each() -> None:
    spans = widened([(0, 0), (0, 0), (0, 1)], ["\u25811", "/", "2"], [0, 0, 0, 0, 1])
    assert spans == [(0, 1)] * 3


def test_pieces_that_do_not_spell_the_text_keep_their_spans() -> None:
    assert widened([(0, 1), (1, 2)], ["<0xEA>", "<0xB0>"], [0, 1, 2]) == [(0, 1), (1, 2)]


@pytest.mark.parity
def test_real_words_are_read_again_as_they_were(shared_data: Path, tmp_path: Path) -> None:
    adopt_vocabulary(shared_data / "vocabulary" / "30k-clean.model", tmp_path)
    reader = load_tokenizer(tmp_path)
    wrong, count = read_otherwise(reader, real_lines(shared_data, 4_000))
    print(f"{len(wrong)} of {count} words")
    assert count > 500_000
    assert len(wrong) < 0.0001 * count
    # The control: cut one character too late, words are read otherwise.
    late = [reader.encode(cut[1:]).pieces != pieces for pieces, cut in words(reader, "the lamp is")]
    assert all(late)
    # Those are words with two ways to split that are equally good up to rounding, which
    # depends on what stands before: the pieces differ in order, or in two of them.
    for pieces in wrong:
        again = reader.encode("".join(pieces).replace("\u2581", "")).pieces
        assert sum((Counter(pieces) - Counter(again)).values()) <= 2
