"""Classes of single texts or pairs, from any table with named columns or a GLUE file.

texts.TextSource  ->  [classification.ClassificationTask]  ->  training.finetune, runtime

Shape letters: C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from albert_tf.tasks import agreement
from albert_tf.tasks.glue import GlueDataset, find_dataset
from albert_tf.tasks.task import Floats, Sample, Window
from albert_tf.tasks.texts import (
    TABLE,
    TextRow,
    TextSource,
    adopt_columns,
    check_room,
    pack_texts,
)
from albert_tf.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class TextExample:
    """A text, perhaps a second one, perhaps its label."""

    text: str
    pair: str | None = None
    label: str | None = None
    identifier: str | None = None  # what a submission calls it

    @property
    def expected(self) -> str | None:
        """The label."""
        return self.label


@dataclass(frozen=True)
class ClassPrediction:
    """The likeliest class and the probability of each."""

    label: str
    probabilities: dict[str, float]


@dataclass(frozen=True)
class ClassificationTask:
    """Classification of a column, or of two columns as a pair.

    A GLUE dataset brings its own columns and, where none are given, its labels in the order of
    the official heads.

    Raises:
        ValueError: an unknown dataset, columns or labels that are not its own, or a length without
            room for a text.

    Source: google-research/albert classifier_utils.py.

    >>> task = ClassificationTask(labels=("no", "yes"))
    >>> task.score([TextExample("a", label="yes")], [ClassPrediction("yes", {})])
    {'accuracy': 100.0, 'examples': 1}
    >>> ClassificationTask(dataset="mnli").labels
    ('contradiction', 'entailment', 'neutral')
    """

    name: ClassVar[str] = "classification"
    labels: tuple[str, ...] = ()
    text_column: str = "text"
    pair_column: str | None = None
    label_column: str = "label"
    sequence_length: int = 128
    dataset: str = TABLE

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.dataset != TABLE:
            self._adopt(find_dataset(self.dataset))
        check_room(self.sequence_length, self.pair_column)

    def _adopt(self, dataset: GlueDataset) -> None:
        """Takes over what the files of a dataset have."""
        if not dataset.labels:
            raise ValueError(f"dataset {self.dataset} has numbers, not classes; use regression.")
        adopt_columns(self, dataset)
        if not self.labels:
            object.__setattr__(self, "labels", dataset.labels)
        if sorted(self.labels) != sorted(dataset.labels):
            raise ValueError(
                f"labels must be those of {self.dataset}, {', '.join(dataset.labels)}; "
                f"got {', '.join(self.labels)}."
            )

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return "accuracy" if self.dataset == TABLE else find_dataset(self.dataset).metric

    def read(self, path: str | Path, limit: int | None = None) -> list[TextExample]:
        """Reads rows of a .csv, .jsonl, .tsv or tab-separated .txt file.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another suffix, a damaged row, a column that is not there, or a label
                that is not one of `labels`, unless these are still to be found.
        """
        rows = self._source().read(path, labelled=True)
        examples = [self._example(row) for row in islice(rows, limit)]
        if not examples:
            raise ValueError(f"{path} holds no rows.")
        return examples

    def stream(self, path: str | Path) -> Iterator[TextExample]:
        """Yields the rows of a file, which need no labels.

        Raises:
            FileNotFoundError: no such file.
            ValueError: as in `read`, but of labels.
        """
        for row in self._source().read(path, labelled=False):
            yield TextExample(row.text, row.pair, row.label, row.identifier)

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
        (window,) = self.windows(example, tokenizer)
        return [Sample((window.packed,), {"logits": target})]

    def windows(self, example: TextExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs one text, or two as a pair.

        Raises:
            ValueError: the second text is missing.
        """
        texts = (example.text, example.pair)
        return [Window(pack_texts(*texts, tokenizer, self.sequence_length, self.pair_column))]

    def decode(
        self,
        example: TextExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> ClassPrediction:
        """Returns the likeliest label and every probability."""
        (output,) = outputs
        found = output.get("probabilities")  # [C]; a file for a device has them
        probabilities = softmax(output["logits"]) if found is None else found
        return ClassPrediction(
            label=self.labels[int(probabilities.argmax())],
            probabilities=dict(zip(self.labels, map(float, probabilities), strict=True)),
        )

    def score(
        self, examples: Sequence[TextExample], predictions: Sequence[ClassPrediction]
    ) -> dict[str, float]:
        """Returns percentages: `accuracy`, what else `metric` names, and `examples`.

        `f1` is that of the class 1, for MRPC and QQP; `matthews` is for CoLA.
        """
        labels = [str(example.label) for example in examples]
        found = [prediction.label for prediction in predictions]
        right = sum(label == answer for label, answer in zip(labels, found, strict=True))
        scores = {"accuracy": 100 * right / len(labels)}
        if self.metric == "f1":
            scores["f1"] = agreement.f1_of("1", labels, found)
        if self.metric == "matthews":
            scores["matthews"] = agreement.matthews(labels, found)
        return {**scores, "examples": len(labels)}

    def _source(self) -> TextSource:
        return TextSource(self.dataset, self.text_column, self.pair_column, self.label_column)

    def _example(self, row: TextRow) -> TextExample:
        if self.labels and row.label not in self.labels:
            raise ValueError(
                f"{row.place}: label must be one of {', '.join(self.labels)}; got {row.label!r}."
            )
        return TextExample(row.text, row.pair, row.label, row.identifier)


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


def softmax(logits: Floats) -> Floats:
    """Probabilities of logits along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
