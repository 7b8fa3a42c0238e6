"""Tables of any layout give the same rows, and what is wrong in one is named by its line."""

from itertools import islice
from pathlib import Path

import pytest

from albert_tf.tasks.tables import LONGEST, Row, read_rows

ROWS = [Row(2, {"text": 'a, "b"', "label": "pos"}), Row(3, {"text": "c", "label": "neg"})]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.csv", 'text,label\n"a, ""b""",pos\nc,neg\n'),
        ("data.tsv", 'text\tlabel\na, "b"\tpos\nc\tneg\n'),
        ("data.txt", 'text\tlabel\na, "b"\tpos\nc\tneg'),
        ("data.jsonl", '\n{"text": "a, \\"b\\"", "label": "pos"}\n{"text": "c", "label": "neg"}'),
    ],
)
def test_every_layout_gives_the_same_rows(
    tmp_path: Path, name: str, content: str, end: str, mark: str
) -> None:
    (tmp_path / name).write_bytes((mark + content.replace("\n", end)).encode())
    assert list(read_rows(tmp_path / name)) == ROWS


def test_empty_lines_are_no_rows_but_are_counted(tmp_path: Path) -> None:
    for name, mark in (("data.csv", ","), ("data.tsv", "\t")):
        (tmp_path / name).write_text(f"text{mark}label\n\na{mark}pos\n\n\nb{mark}\n")
        assert [row.line for row in read_rows(tmp_path / name)] == [3, 6]


def test_a_row_is_where_it_begins_though_its_cells_go_on_over_lines(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('text,label\n"a\nb",pos\n"c\n\nd",neg\ne\n')
    rows = read_rows(tmp_path / "data.csv")
    assert [(row.line, row.values["text"]) for row in islice(rows, 2)] == [
        (2, "a\nb"), (4, "c\n\nd")
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"data.csv line 7 must have 2 cells"):
        next(rows)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.tsv", "text\tlabel\nb\tneg\na\n", "line 3 must have 2 cells, as the .* got 1"),
        ("data.csv", "text,label\nhello, world,pos\n", "line 2 must have 2 cells, .* got 3"),
        ("data.tsv", "text\ttext\na\tb\n", "names the column 'text' more than once"),
        ("data.jsonl", '{"a": "b"}\n\n{"text": ', "line 3 is not JSON"),
        ("data.jsonl", "[" * 99_999, "line 1 is not JSON"),
        ("data.jsonl", "[1]", "line 1 must hold a JSON object; got list"),
        ("data.csv", 'text,label\nc,d\n"a,pos\ne,f\n', "damaged: in the row that begins on line 3"),
        ("data.csv", "text,label\na\rb,pos\n", "damaged: in the row that begins on line 2"),
        ("data.jsonl", '{"text": "hi \\ud83d"}', r"line 1 holds half a character, '\\ud83d'"),
        ("data.xls", "", "must end in .csv, .tsv, .txt or .jsonl"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    (tmp_path / name).write_bytes(content.encode())
    with pytest.raises(ValueError, match=f"{name} .*{words}|{name} {words}"):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_another_encoding_is_named_by_its_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    row = {"csv": "caf\u00e9,pos\n", "tsv": "caf\u00e9\tpos\n", "jsonl": '{"text": "caf\u00e9"}\n'}
    head = {"csv": "text,label\n", "tsv": "text\tlabel\n", "jsonl": '{"text": "a"}\n'}
    path.write_bytes((head[suffix] + row[suffix]).encode() + row[suffix].encode("latin-1"))
    with pytest.raises(ValueError, match=f"data.{suffix} line 3 must be UTF-8 .* Save the file"):
        list(read_rows(path))
    path.write_bytes((head[suffix] + row[suffix]).encode("utf-16"))
    with pytest.raises(ValueError, match="line 1 must be UTF-8 text"):
        list(read_rows(path))


def test_a_line_or_cell_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_bytes(b"text\tlabel\n" + b"a" * (LONGEST + 1))
    with pytest.raises(ValueError, match=r"line 2 must have at most 10,000,000 bytes"):
        list(read_rows(tmp_path / "data.tsv"))
    lines = b"a" * 999_999 + b"\n"
    (tmp_path / "data.csv").write_bytes(b'text,label\n"' + lines * 11)
    with pytest.raises(ValueError, match=r"begins on line 2, field larger than field limit"):
        list(read_rows(tmp_path / "data.csv"))


def test_rows_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_bytes(b"text\tlabel\na\tpos\n\xff\n")
    rows = read_rows(tmp_path / "data.tsv")
    assert next(rows).values == {"text": "a", "label": "pos"}
    with pytest.raises(ValueError, match="line 3"):
        next(rows)


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a.tsv line 5 has no column 'text'; it has .'b', 'c'"):
        Row(5, {"c": "", "b": ""}).require("text", "a.tsv")


def test_lists_and_objects_are_no_cells_and_disturb_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a", "label": true, "n": 1.5, "more": {"x": 1}, "tags": ["b"]}\n')
    (row,) = read_rows(path)
    assert row.values == {"text": "a", "label": "true", "n": "1.5"}
    for column in ("more", "tags"):
        with pytest.raises(ValueError, match=f"line 1: '{column}' must be text or a number"):
            row.require(column, path)


@pytest.mark.parametrize("value", ["null", "NaN"])
def test_a_value_that_is_none_is_missing(tmp_path: Path, value: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f'{{"text": "a", "label": 1.5}}\n{{"text": "b", "label": {value}}}\n')
    labels = [row.values.get("label") for row in read_rows(path)]
    assert labels == ["1.5", None]


def test_an_absent_or_empty_file_has_no_rows(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_rows(tmp_path / "absent.tsv"))
    for name in ("a.tsv", "a.csv", "a.jsonl"):
        (tmp_path / name).write_bytes(b"")
        assert list(read_rows(tmp_path / name)) == []
