"""Documents are read as released, and cut into runs that all have an order."""

from pathlib import Path

import pytest

from albert_tf.examples.documents import chunks, read_documents
from albert_tf.text.tokenizer import Encoding


def sentence(tokens: int) -> Encoding:
    return Encoding([7] * tokens, ["x"] * tokens, [(0, 1)] * tokens, [True] * tokens)


def sizes(lengths: list[int], target: int) -> list[list[int]]:
    runs = chunks([sentence(length) for length in lengths], target)
    return [[len(part.token_ids) for part in run] for run in runs]


def test_blank_lines_part_documents(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("a\nb\n\n \nc\n")
    assert list(read_documents(tmp_path / "corpus.txt")) == [["a", "b"], ["c"]]


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"corpus.txt must be UTF-8 text"):
        list(read_documents(tmp_path / "corpus.txt"))


def test_runs_end_where_the_target_is_reached() -> None:
    assert sizes([5, 5, 5, 5, 5, 5], target=10) == [[5, 5], [5, 5], [5, 5]]


def test_a_last_sentence_joins_the_run_before_it() -> None:
    assert sizes([5, 5, 5, 5, 5], target=10) == [[5, 5], [5, 5, 5]]


def test_a_long_first_sentence_still_gets_company() -> None:
    assert sizes([50, 5, 5, 5], target=10) == [[50, 5], [5, 5]]


@pytest.mark.parametrize("lengths", [[], [5]])
def test_a_document_without_order_yields_nothing(lengths: list[int]) -> None:
    assert sizes(lengths, target=10) == []
