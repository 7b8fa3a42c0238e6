"""Single texts or pairs out of any table or GLUE file, and how a model reads them.

tables, glue  ->  [texts.TextSource, texts.pack_texts]  ->  classification, regression
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from albert_tf.examples.packing import PackedSequence, pack, truncate
from albert_tf.tasks.glue import GlueDataset, GlueRows, find_dataset
from albert_tf.tasks.tables import Row, read_rows
from albert_tf.text.tokenizer import Tokenizer

# The dataset that is no dataset: columns are named by the user.
TABLE = "table"

_COLUMNS = ("text_column", "pair_column", "label_column")


@dataclass(frozen=True)
class TextRow:
    """What a row says, and where it stands."""

    place: str  # file and line
    text: str
    pair: str | None
    label: str | None
    identifier: str | None


@dataclass(frozen=True)
class TextSource:
    """Which columns of which kind of file hold what."""

    dataset: str
    text_column: str
    pair_column: str | None
    label_column: str

    def read(self, path: str | Path, *, labelled: bool) -> Iterator[TextRow]:
        """Yields the rows of a file; warns at its end if rows were skipped.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a damaged row, a column that is not there, or, where `labelled`, an
                empty label.
        """
        if self.dataset == TABLE:
            yield from (self._text(row, path, labelled) for row in read_rows(path))
            return
        rows = GlueRows(path, find_dataset(self.dataset), labelled=labelled)
        yield from (self._text(row, path, labelled) for row in rows)
        note = rows.note()
        if note:
            warnings.warn(note, stacklevel=2)

    def _text(self, row: Row, path: str | Path, labelled: bool) -> TextRow:
        place = f"{path} line {row.line}"
        text = row.require(self.text_column, path)
        pair = row.require(self.pair_column, path) if self.pair_column else None
        label = row.values.get(self.label_column)
        if labelled and not row.require(self.label_column, path):
            raise ValueError(f"{place} has no label: its cell {self.label_column!r} is empty.")
        identifier = None if self.dataset == TABLE else row.values["index"]
        return TextRow(place, text, pair, label, identifier)


def adopt_columns(task: Any, dataset: GlueDataset) -> None:
    """Gives a task that is being made the columns of its dataset.

    Raises:
        ValueError: it was given others.
    """
    for name in _COLUMNS:
        given, official = getattr(task, name), getattr(dataset, name)
        if given not in {getattr(type(task), name), official}:
            raise ValueError(
                f"{name} must not be given for {dataset.name}, whose files have columns of their "
                f"own; got {given!r}."
            )
        object.__setattr__(task, name, official)


def check_room(sequence_length: int, pair_column: str | None = None) -> None:
    """Refuses a length that has no room for a text, or for a pair.

    Raises:
        ValueError: there is no room for one token of each.
    """
    truncate(1, None if pair_column is None else 1, sequence_length)


def pack_texts(
    text: str,
    pair: str | None,
    tokenizer: Tokenizer,
    sequence_length: int,
    pair_column: str | None = None,
) -> PackedSequence:
    """Packs a text, or two as segments, cut to the length.

    Raises:
        ValueError: there is no room for one token of each, or no second text where a column
            has them.
    """
    if pair_column is not None and pair is None:
        raise ValueError(f"a model of pairs must be given a pair; got {text!r} alone.")
    texts = [text] if pair is None else [text, pair]
    first, *rest = tokenizer.encode_ids(texts)
    second = rest[0] if rest else None
    room = truncate(len(first), None if second is None else len(second), sequence_length)
    return pack(first[: room[0]], None if second is None else second[: room[1]], tokenizer.special)
