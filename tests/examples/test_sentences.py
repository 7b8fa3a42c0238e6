"""Sentences end where readers would end them, and one sentence stays one."""

import csv
from pathlib import Path

import pytest

from albert_tf.examples.sentences import SentenceSplitter

ENGLISH = SentenceSplitter("split", "en")


@pytest.mark.parametrize(("language", "paragraph", "sentences"), [
    ("en", "Dr. Low came at 3.30 p.m. yesterday. Who? He did!",
     ["Dr. Low came at 3.30 p.m. yesterday.", "Who?", "He did!"]),
    ("en", '"Come in," he said. "Sit down."', ['"Come in," he said.', '"Sit down."']),
    ("ko", "학교에 갑니다. 날씨가 좋아요! 정말?", ["학교에 갑니다.", "날씨가 좋아요!", "정말?"]),
    ("ja", "これは文です。次の文。", ["これは文です。", "次の文。"]),
])  # fmt: skip
def test_a_paragraph_is_split(language: str, paragraph: str, sentences: list[str]) -> None:
    assert SentenceSplitter("split", language).split(paragraph) == sentences


def test_a_lone_mark_is_no_sentence() -> None:
    assert ENGLISH.split("He left. . . Then? ! Yes.") == ["He left. . .", "Then? !", "Yes."]
    assert ENGLISH.split("... ! He left.") == ["... ! He left."]
    assert ENGLISH.split("* * *") == ENGLISH.split("") == ENGLISH.split(" ") == []


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u2028", "\u3000", "\x85"])
def test_other_white_space_before_a_full_stop_is_kept(space: str) -> None:
    """Where sentencex itself panics, with no error that can be caught or sent on."""
    text = f"Rich in vitamin B{space}. It{space}is an orange fruit."
    assert ENGLISH.split(text) == [f"Rich in vitamin B{space}.", f"It{space}is an orange fruit."]


def test_lines_can_be_taken_as_they_are() -> None:
    lines = SentenceSplitter("lines")
    assert lines.split(" One. Two. ") == ["One. Two."]
    assert lines.split("* * *") == ["* * *"]
    assert lines.split(" ") == []


def test_a_long_paragraph_loses_nothing_and_is_split_as_its_parts() -> None:
    parts = [f"Number {n} stands in a line of its own here." for n in range(1000)]
    assert ENGLISH.split(" ".join(parts)) == parts


def test_a_paragraph_of_one_endless_word_is_cut() -> None:
    assert [len(part) for part in ENGLISH.split("x" * 4500)] == [2000, 2000, 500]


def test_the_library_sees_no_more_than_a_window() -> None:
    """Or 420,000 characters would take it 27 seconds, instead of 0.2."""
    splitter = SentenceSplitter("split", "ja")
    segment, seen = splitter._segment, []

    def watched(language: str, text: str) -> list[str]:
        seen.append(len(text))
        return segment(language, text)

    splitter._segment = watched
    assert len(splitter.split("これは文です。" * 60_000)) == 60_000
    assert max(seen) == 2000


def test_unknown_modes_and_languages_are_named() -> None:
    with pytest.raises(ValueError, match="sentences must be one of split, lines; got 'words'"):
        SentenceSplitter("words")
    with pytest.raises(ValueError, match="language must be a code such as en or ko; got 'English'"):
        SentenceSplitter("split", "English")


@pytest.mark.parametrize(("table", "column", "allowed"), [
    ("CoLA", 3, 0.003),  # 0.14 %: most of them two sentences indeed
    ("MRPC", 3, 0.03),  # 2.0 %: tokenized news, "Standard & Poor 's 500 Index .SPX"
])  # fmt: skip
def test_a_line_that_is_one_sentence_is_hardly_ever_cut(
    shared_data: Path, table: str, column: int, allowed: float
) -> None:
    path = shared_data / "glue" / table / "train.tsv"
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    lines = [row[column] for row in rows if len(row) > column]
    cut = sum(len(ENGLISH.split(line)) > 1 for line in lines)
    assert 0 < cut / len(lines) < allowed
