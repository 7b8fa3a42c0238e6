"""Tables with named columns, read a row at a time; every error names the file and the line.

.csv, .tsv, .txt, .jsonl  ->  [tables.read_rows]  ->  glue, classification, regression
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl")

# The longest line, in bytes, and the longest quoted cell, in characters; beyond it a quote was
# left open or the file is not a table.
LONGEST = 10_000_000


@dataclass(frozen=True)
class Cells:
    """The cells of a row, in the order of the file."""

    line: int  # of the file, from 1, where the row begins
    values: list[str]


@dataclass(frozen=True)
class Row:
    """The cells of a row, by the name of their column."""

    line: int  # of the file, from 1, where the row begins
    values: dict[str, str]
    nested: frozenset[str] = frozenset()  # columns of lists and objects, which are no cells

    def require(self, column: str, path: str | Path) -> str:
        """Returns the cell of a column.

        Raises:
            ValueError: the row has no such column, or something other than text there.
        """
        if column in self.nested:
            raise ValueError(f"{path} line {self.line}: {column!r} must be text or a number.")
        if column not in self.values:
            raise ValueError(
                f"{path} line {self.line} has no column {column!r}; it has {sorted(self.values)}."
            )
        return self.values[column]


def read_rows(path: str | Path) -> Iterator[Row]:
    """Yields the rows of a table whose first line, or in .jsonl every line, names the columns.

    A .csv file may quote its cells; a .tsv or .txt file may not. A byte order mark, either
    kind of line end, and empty lines are of no consequence. In .jsonl a null is no column.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown suffix, text that is not UTF-8, a damaged row, or one with more
            or fewer cells than there are columns.
    """
    if Path(path).suffix == ".jsonl":
        yield from _read_json(Path(path))
        return
    rows = read_cells(path)
    head = next(rows, None)
    if head is None:
        return
    yield from name_cells(path, head.values, rows)


def name_cells(path: str | Path, columns: list[str], rows: Iterator[Cells]) -> Iterator[Row]:
    """Gives each cell the name of its column.

    Raises:
        ValueError: two columns of one name, or a row with more or fewer cells than columns.
    """
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise ValueError(f"{path} names the column {twice[0]!r} more than once.")
    for cells in rows:
        found, wanted = len(cells.values), len(columns)
        if found != wanted:
            raise ValueError(
                f"{path} line {cells.line} must have {wanted} cells, as the table has columns; "
                f"got {found}."
            )
        yield Row(cells.line, dict(zip(columns, cells.values, strict=True)))


def read_cells(path: str | Path) -> Iterator[Cells]:
    """Yields the rows of a .csv, .tsv or .txt file, its first among them.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another suffix, text that is not UTF-8, or a damaged row.
    """
    path = Path(path)
    if path.suffix not in {".csv", ".tsv", ".txt"}:
        raise ValueError(f"{path} must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    if path.suffix == ".csv":
        yield from _read_quoted(path)
        return
    for number, line in _read_lines(path):
        if line:
            yield Cells(number, line.split("\t"))


def _read_quoted(path: Path) -> Iterator[Cells]:
    """Rows of comma-separated cells, which may go on over lines inside quotes."""
    # The limit is the csv module's own, for the whole process; 131,072 would refuse passages.
    csv.field_size_limit(LONGEST)
    rows = csv.reader((f"{line}\n" for _, line in _read_lines(path)), strict=True)
    start = 1
    try:
        for row in rows:
            if row:
                yield Cells(start, row)
            start = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{path} is damaged: in the row that begins on line {start}, {error}."
        ) from error


def _read_json(path: Path) -> Iterator[Row]:
    for number, line in _read_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_missing)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} line {number} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{path} line {number} must hold a JSON object; got {type(row).__name__}."
            )
        nested = frozenset(key for key, value in row.items() if isinstance(value, list | dict))
        values = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in row.items()
            if key not in nested and value is not None
        }
        check_unicode(values.values(), f"{path} line {number}")
        yield Row(number, values, nested)


def _missing(constant: str) -> None:
    """NaN, as tables have it where a value is missing, and the infinities; JSON has none."""


def check_unicode(texts: Iterable[str], place: str) -> None:
    """Refuses texts that a JSON file can hold and no tokenizer can read.

    Raises:
        ValueError: one holds half a character (a lone surrogate).
    """
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{place} holds half a character, {text[error.start]!r}; remove it."
            ) from error


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbers from 1 and lines, without their ends and without a byte order mark."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise ValueError(f"{path} line {number} must have at most {LONGEST:,} bytes.")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path} line {number} must be UTF-8 text: {error.reason} at byte "
                    f"{error.start} of the line. Save the file as UTF-8."
                ) from error
            yield number, text.removesuffix("\n").removesuffix("\r")
