"""The official files of the GLUE tasks, each with its own columns and quirks.

train.tsv, dev.tsv, test.tsv  ->  [glue.GlueRows]  ->  classification, regression

Quotes are letters in all of them. CoLA names its columns in the test file only; a few rows of
QQP are broken and are skipped, as in the official code; rows of MNLI on which the annotators
did not agree carry the label "-" and teach nothing.

Source: Wang et al., GLUE (arXiv:1804.07461); google-research/albert classifier_utils.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from albert_tf.tasks.tables import Cells, Row, name_cells, read_cells


@dataclass(frozen=True)
class GlueDataset:
    """Where the files of a task have what, and how it is scored and submitted."""

    name: str
    text_column: str
    pair_column: str | None
    label_column: str
    labels: tuple[str, ...]  # in the order of the official heads; none for numbers
    metric: str
    submission: str  # file name that the benchmark expects
    columns: tuple[str, ...] = ()  # where a labelled file does not name them
    may_break: bool = False  # whether rows with too few cells are known and skipped
    unlabelled: str | None = None  # label of rows that teach nothing


_YES_NO = ("0", "1")
_ENTAILS = ("entailment", "not_entailment")
_NLI = ("contradiction", "entailment", "neutral")

DATASETS = {
    dataset.name: dataset
    for dataset in (
        GlueDataset(
            "cola", "sentence", None, "label", _YES_NO, "matthews", "CoLA.tsv",
            columns=("source", "label", "mark", "sentence"),
        ),
        GlueDataset("sst2", "sentence", None, "label", _YES_NO, "accuracy", "SST-2.tsv"),
        GlueDataset("mrpc", "#1 String", "#2 String", "Quality", _YES_NO, "f1", "MRPC.tsv"),
        GlueDataset(
            "qqp", "question1", "question2", "is_duplicate", _YES_NO, "f1", "QQP.tsv",
            may_break=True,
        ),
        GlueDataset("stsb", "sentence1", "sentence2", "score", (), "pearson", "STS-B.tsv"),
        GlueDataset(
            "mnli", "sentence1", "sentence2", "gold_label", _NLI, "accuracy", "MNLI-m.tsv",
            unlabelled="-",
        ),
        GlueDataset(
            "mnli_mismatched", "sentence1", "sentence2", "gold_label", _NLI, "accuracy",
            "MNLI-mm.tsv", unlabelled="-",
        ),
        GlueDataset("qnli", "question", "sentence", "label", _ENTAILS, "accuracy", "QNLI.tsv"),
        GlueDataset("rte", "sentence1", "sentence2", "label", _ENTAILS, "accuracy", "RTE.tsv"),
        GlueDataset("wnli", "sentence1", "sentence2", "label", _YES_NO, "accuracy", "WNLI.tsv"),
    )
}  # fmt: skip


def find_dataset(name: str) -> GlueDataset:
    """Returns the GLUE task of a name.

    Raises:
        ValueError: there is none.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown dataset {name!r}; choose table or one of {', '.join(DATASETS)}.")
    return DATASETS[name]


class GlueRows:
    """The rows of an official file, in its order; what was skipped is counted.

    Args:
        path: A file of the task: training, development, or test without labels.
        dataset: Which task.
        labelled: Whether rows without agreement are skipped, and every row needs a label.
    """

    def __init__(self, path: str | Path, dataset: GlueDataset, *, labelled: bool) -> None:
        self.path = Path(path)
        self.dataset = dataset
        self.labelled = labelled
        self.broken = 0  # rows with too few cells, in the last reading
        self.disputed = 0  # rows without a label that annotators agreed on

    def __iter__(self) -> Iterator[Row]:
        """Yields the rows; the identifier that a submission needs is the column `index`.

        It is the row's number from 0 where the file has none.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another layout, or a row that is damaged and not known to be.
        """
        self.broken, self.disputed = 0, 0
        for number, row in enumerate(self._rows()):
            if self.labelled and self._is_disputed(row):
                continue
            yield Row(row.line, {"index": row.values.get("id", str(number)), **row.values})

    def note(self) -> str | None:
        """Says what the last reading skipped; None where it skipped nothing."""
        kinds = {
            "rows with too few cells": self.broken,
            f"rows with the label {self.dataset.unlabelled!r}": self.disputed,
        }
        parts = [f"{count:,} {kind}" for kind, count in kinds.items() if count]
        return f"{self.path}: skipped {' and '.join(parts)}." if parts else None

    def _rows(self) -> Iterator[Row]:
        cells = read_cells(self.path)
        first = next(cells, None)
        if first is None:
            return
        columns = first.values
        if self.dataset.columns and self.dataset.text_column not in columns:
            columns = list(self.dataset.columns)
            cells = chain([first], cells)
        if self.dataset.may_break:
            cells = self._whole(cells, len(columns))
        yield from name_cells(self.path, columns, cells)

    def _whole(self, rows: Iterator[Cells], width: int) -> Iterator[Cells]:
        """Rows with all their cells; of some, more are of no use."""
        for row in rows:
            if len(row.values) < width:
                self.broken += 1
            else:
                yield Cells(row.line, row.values[:width])

    def _is_disputed(self, row: Row) -> bool:
        unlabelled = self.dataset.unlabelled
        disputed = unlabelled and row.values.get(self.dataset.label_column) == unlabelled
        self.disputed += bool(disputed)
        return bool(disputed)
