"""A number for a text or a pair, such as how alike two sentences are.

texts.TextSource  ->  [regression.RegressionTask]  ->  training.finetune, runtime
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

from albert_tf.tasks import agreement
from albert_tf.tasks.glue import find_dataset
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

# Of STS-B, from unrelated to equal.
STSB_RANGE = (0.0, 5.0)


@dataclass(frozen=True)
class ScoredExample:
    """A text, perhaps a second one, perhaps its score."""

    text: str
    pair: str | None = None
    score: float | None = None
    identifier: str | None = None  # what a submission calls it

    @property
    def expected(self) -> float | None:
        """The score."""
        return self.score


@dataclass(frozen=True)
class ScorePrediction:
    """The number a model gives."""

    score: float


@dataclass(frozen=True)
class RegressionTask:
    """A number in a column, for the text of another, or of two as a pair.

    Raises:
        ValueError: an unknown dataset, columns that are not its own, or a length without room for
            a text.

    Source: google-research/albert run_classifier.py, where the task is sts-b.

    >>> RegressionTask(dataset="stsb").pair_column
    'sentence2'
    """

    name: ClassVar[str] = "regression"
    text_column: str = "text"
    pair_column: str | None = None
    label_column: str = "label"
    sequence_length: int = 128
    dataset: str = TABLE

    def __post_init__(self) -> None:
        if self.dataset != TABLE:
            dataset = find_dataset(self.dataset)
            if dataset.labels:
                raise ValueError(
                    f"dataset {self.dataset} has classes, not numbers; use classification."
                )
            adopt_columns(self, dataset)
        check_room(self.sequence_length, self.pair_column)

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return "pearson"

    def read(self, path: str | Path, limit: int | None = None) -> list[ScoredExample]:
        """Reads rows of a .csv, .jsonl, .tsv or tab-separated .txt file.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another suffix, a damaged row, a column that is not there, or a label
                that is not a number, for STS-B one from 0 to 5.
        """
        rows = self._source().read(path, labelled=True)
        examples = [self._example(row, self._number(row)) for row in islice(rows, limit)]
        if not examples:
            raise ValueError(f"{path} holds no rows.")
        return examples

    def stream(self, path: str | Path) -> Iterator[ScoredExample]:
        """Yields the rows of a file; labels are not needed and not read.

        Raises:
            FileNotFoundError: no such file.
            ValueError: as in `read`, but of labels.
        """
        for row in self._source().read(path, labelled=False):
            yield self._example(row, None)

    def encode(self, example: ScoredExample, tokenizer: Tokenizer) -> list[Sample]:
        """Packs one text; the target of `score` is its score.

        Raises:
            ValueError: it has none.
        """
        if example.score is None:
            raise ValueError(f"{example.text!r} has no score to train on.")
        (window,) = self.windows(example, tokenizer)
        return [Sample((window.packed,), {"score": float(example.score)})]

    def windows(self, example: ScoredExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs one text, or two as a pair.

        Raises:
            ValueError: the second text is missing.
        """
        texts = (example.text, example.pair)
        return [Window(pack_texts(*texts, tokenizer, self.sequence_length, self.pair_column))]

    def decode(
        self,
        example: ScoredExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> ScorePrediction:
        """Returns the number as the model says it, in no range."""
        return ScorePrediction(float(outputs[0]["score"]))

    def score(
        self, examples: Sequence[ScoredExample], predictions: Sequence[ScorePrediction]
    ) -> dict[str, float]:
        """Returns the correlations `pearson` and `spearman` in percent, and `examples`."""
        true = [float(example.score) for example in examples if example.score is not None]
        found = [prediction.score for prediction in predictions]
        return {
            "pearson": agreement.pearson(true, found),
            "spearman": agreement.spearman(true, found),
            "examples": len(true),
        }

    def _source(self) -> TextSource:
        return TextSource(self.dataset, self.text_column, self.pair_column, self.label_column)

    def _example(self, row: TextRow, score: float | None) -> ScoredExample:
        return ScoredExample(row.text, row.pair, score, row.identifier)

    def _number(self, row: TextRow) -> float:
        low, high = (-math.inf, math.inf) if self.dataset == TABLE else STSB_RANGE
        try:
            number = float(row.label or "")
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and low <= number <= high):
            rule = "a number" if self.dataset == TABLE else f"a number from {low:g} to {high:g}"
            raise ValueError(f"{row.place}: {self.label_column} must be {rule}; got {row.label!r}.")
        return number
