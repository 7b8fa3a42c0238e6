"""Documents are read as released."""

from pathlib import Path

import pytest

from albert_tf.examples.documents import read_documents


def test_blank_lines_part_documents(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("a\nb\n\n \nc\n")
    assert list(read_documents(tmp_path / "corpus.txt")) == [["a", "b"], ["c"]]


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"corpus.txt must be UTF-8 text"):
        list(read_documents(tmp_path / "corpus.txt"))
