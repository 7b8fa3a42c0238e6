"""Classes of single texts or pairs, from any table with named columns.

CSV, TSV or JSONL  ->  [classification.ClassificationTask]  ->  training.finetune, runtime

Shape letters: C classes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from albert_tf.examples.packing import PackedSequence, pack, truncate
from albert_tf.tasks.task import Floats, Sample, Window
from albert_tf.text.tokenizer import Tokenizer

# The longest cell a table may have, in characters; beyond it a quote was left open.
_LONGEST_CELL = 10_000_000


@dataclass(frozen=True)
class TextExample:
    """A text, perhaps a second one, perhaps its label."""

    text: str
    pair: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class ClassPrediction:
    """The likeliest class and the probability of each."""

    label: str
    probabilities: dict[str, float]


@dataclass(frozen=True)
class ClassificationTask:
    """Classification of a column, or of two columns as a pair.

    Source: google-research/albert classifier_utils.py.

    >>> task = ClassificationTask(labels=("no", "yes"))
    >>> task.score([TextExample("a", label="yes")], [ClassPrediction("yes", {})])
    {'accuracy': 100.0, 'examples': 1}
    """

    name: ClassVar[str] = "classification"
    labels: tuple[str, ...] = ()
    text_column: str = "text"
    pair_column: str | None = None
    label_column: str = "label"
    sequence_length: int = 128

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return "accuracy"

    def read(self, path: str | Path, limit: int | None = None) -> list[TextExample]:
        """Reads rows of a .csv, .jsonl, .tsv or tab-separated .txt file.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another suffix, a damaged row, or a column that is not there.
        """
        examples = list(islice(self._rows(path, labelled=True), limit))
        if not examples:
            raise ValueError(f"{path} holds no rows.")
        return examples

    def stream(self, path: str | Path) -> Iterator[TextExample]:
        """Yields the rows of a file, which need no labels.

        Raises:
            FileNotFoundError: no such file.
            ValueError: as in `read`.
        """
        return self._rows(path, labelled=False)

    def _rows(self, path: str | Path, *, labelled: bool) -> Iterator[TextExample]:
        wanted = [self.text_column, *([self.pair_column] if self.pair_column else [])]
        wanted += [self.label_column] if labelled else []
        for number, row in enumerate(read_rows(path), start=1):
            if None in row:
                raise ValueError(f"{path} row {number} has more cells than the table has columns.")
            missing = [column for column in wanted if row.get(column) is None]
            if missing:
                raise ValueError(
                    f"{path} row {number} has no column {missing[0]!r}; it has {sorted(row)}."
                )
            pair = row[self.pair_column] if self.pair_column else None
            yield TextExample(row[self.text_column], pair, row.get(self.label_column))

    def encode(self, example: TextExample, tokenizer: Tokenizer) -> list[Sample]:
        """Packs one labelled text; the target of `logits` is the index of its label.

        Raises:
            ValueError: the label is not one of `labels`.
        """
        if example.label not in self.labels:
            raise ValueError(
                f"label must be one of {', '.join(self.labels)}; got {example.label!r}."
            )
        target = self.labels.index(example.label)
        return [Sample((self._pack(example, tokenizer),), {"logits": target})]

    def windows(self, example: TextExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs one text."""
        return [Window(self._pack(example, tokenizer))]

    def decode(
        self,
        example: TextExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> ClassPrediction:
        """Returns the likeliest label and every probability."""
        probabilities = softmax(outputs[0]["logits"])  # [C]
        return ClassPrediction(
            label=self.labels[int(probabilities.argmax())],
            probabilities=dict(zip(self.labels, map(float, probabilities), strict=True)),
        )

    def score(
        self, examples: Sequence[TextExample], predictions: Sequence[ClassPrediction]
    ) -> dict[str, float]:
        """Returns `accuracy`, a percentage, and `examples`."""
        right = sum(
            example.label == prediction.label
            for example, prediction in zip(examples, predictions, strict=True)
        )
        return {"accuracy": 100 * right / len(examples), "examples": len(examples)}

    def _pack(self, example: TextExample, tokenizer: Tokenizer) -> PackedSequence:
        texts = [example.text] if example.pair is None else [example.text, example.pair]
        first, *rest = tokenizer.encode_ids(texts)
        second = rest[0] if rest else None
        room = truncate(len(first), None if second is None else len(second), self.sequence_length)
        return pack(
            first[: room[0]], None if second is None else second[: room[1]], tokenizer.special
        )


def find_labels(examples: Sequence[TextExample]) -> tuple[str, ...]:
    """Returns the labels that occur, sorted.

    Raises:
        ValueError: fewer than two.

    >>> find_labels([TextExample("a", label="1"), TextExample("b", label="0")])
    ('0', '1')
    """
    labels = tuple(sorted({example.label for example in examples if example.label is not None}))
    if len(labels) < 2:
        raise ValueError(f"the label column must hold at least 2 labels; got {list(labels)}.")
    return labels


def read_rows(path: str | Path) -> Iterator[dict[str, str]]:
    """Yields the rows of a table with named columns, as text.

    A .csv file may quote its cells; a .tsv or .txt file may not, as in GLUE.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown suffix or a damaged row.
    """
    path = Path(path)
    if path.suffix not in {".csv", ".tsv", ".txt", ".jsonl"}:
        raise ValueError(f"{path} must end in .csv, .tsv, .txt or .jsonl.")
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if path.suffix == ".jsonl":
                yield from _read_json_rows(path, lines)
            elif path.suffix == ".csv":
                yield from csv.DictReader(lines, strict=True)
            else:
                yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    except csv.Error as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8 text: {error}.") from error


def _read_json_rows(path: Path, lines: Iterator[str]) -> Iterator[dict[str, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} line {number} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path} line {number} must hold a JSON object.")
        yield {key: str(value) for key, value in row.items() if value is not None}


def softmax(logits: Floats) -> Floats:
    """Probabilities of logits along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
