"""Documents are read as released, whatever holds them."""

import gzip
import json
from pathlib import Path

import pytest

from albert_tf.examples.documents import DocumentReader


def read(path: Path, content: str, form: str | None = None, field: str = "text") -> list[list[str]]:
    path.write_text(content, encoding="utf-8")
    return list(DocumentReader([path], form, field))


def test_blank_lines_part_documents(tmp_path: Path) -> None:
    assert read(tmp_path / "corpus.txt", "a\nb\n\n \nc\n") == [["a", "b"], ["c"]]


def test_a_line_can_be_a_document(tmp_path: Path) -> None:
    assert read(tmp_path / "corpus.txt", "a. b.\n\n c\n", "lines") == [["a. b."], ["c"]]


def test_an_object_per_line_can_be_a_document(tmp_path: Path) -> None:
    content = '{"body": "a\\nb\\r\\n\\n\u1112"}\n\n{"body": " "}\n{"body": "c", "n": 1}'
    reader = DocumentReader([tmp_path / "corpus.jsonl.gz"], field="body")
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    assert list(reader) == [["a", "b", "\u1112"], ["c"]]
    assert reader.documents == 3  # the empty one is counted


@pytest.mark.parametrize(("line", "message"), [
    ('{"a": 1}', r"corpus.jsonl line 2 has no field 'text'; it holds \['a'\]"),
    ("[]", r"corpus.jsonl line 2 has no field 'text'; it holds list"),
    ('{"text": 1}', r"corpus.jsonl line 2: 'text' must be text; got int"),
    ("{", r"corpus.jsonl line 2 is not JSON"),
])  # fmt: skip
def test_a_bad_object_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "corpus.jsonl", f'{{"text": "a"}}\n{line}\n')


def test_half_a_character_in_an_escape_is_replaced_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(r'{"text": "a\ud83db \ud83d\ude00"}')
    reader = DocumentReader([tmp_path / "a.jsonl"])
    assert list(reader) == [["a\ufffdb \U0001f600"]]
    assert reader.lines.replaced == 1


def test_a_document_ends_with_its_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    (tmp_path / "empty").touch()
    paths = [tmp_path / name for name in ("a", "empty", "b")]
    assert list(DocumentReader(paths)) == [["a"], ["b"]]


def test_a_long_document_becomes_several_and_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text(f"{'x' * 999_999}\n" * 9 + "\nshort\n")
    reader = DocumentReader([path])
    assert [len(document) for document in reader] == [4, 4, 1, 1]
    assert (reader.documents, reader.cut_documents, reader.lines.cut_lines) == (4, 1, 0)


def test_a_long_line_stays_in_its_document(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("word " * 300_000 + "\nnext\n")
    reader = DocumentReader([path], "lines")
    assert [[len(part) for part in document] for document in reader] == [[999_999, 499_999], [4]]
    assert reader.lines.cut_lines == 1


def test_spaces_inside_a_long_line_do_not_end_its_document(tmp_path: Path) -> None:
    assert read(tmp_path / "a.txt", f"a{' ' * 2_500_000}b\nc\n") == [["a", "b", "c"]]
    assert read(tmp_path / "a.txt", f"a\n{' ' * 2_500_000}\nc\n") == [["a"], ["c"]]


def test_a_line_of_json_too_long_to_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a.jsonl line 2 must have at most 32,000,000 charac"):
        read(tmp_path / "a.jsonl", f'{{"text": "a"}}\n{{"text": "{"word " * 6_500_000}"}}\n')


def test_a_long_text_in_json_is_cut_alike(tmp_path: Path) -> None:
    reader = DocumentReader([tmp_path / "a.jsonl"])
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "word " * 300_000}))
    assert [[len(part) for part in document] for document in reader] == [[999_999, 499_999]]
    assert reader.lines.cut_lines == 1


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(ValueError, match="format must be one of text, lines, jsonl; got 'csv'"):
        DocumentReader([], "csv")
