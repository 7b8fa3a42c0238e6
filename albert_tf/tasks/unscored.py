"""What tasks share that answer texts and have no labels to be right about.

texts.TextSource  ->  [unscored.UnscoredTask]  ->  embedding, mask_filling
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.task import Sample
from albert_tf.tasks.texts import TABLE, TextSource
from albert_tf.text.tokenizer import Tokenizer

# In place of a score: how far one file says what another says, in percent.
AGREEMENT = "agreement"


class UnscoredTask(ABC):
    """Reads texts from a table; refuses to train and to score."""

    name: ClassVar[str]
    dataset: ClassVar[str] = TABLE
    text_column: str
    needs: ClassVar[str] = ""  # what every text of a file must hold

    @property
    def metric(self) -> str:
        """There is none; raises ValueError."""
        self._refuse()

    def read(self, path: str | Path, limit: int | None = None) -> list[TextExample]:
        """There are no labels to read; raises ValueError."""
        self._refuse()

    def stream(self, path: str | Path) -> Iterator[TextExample]:
        """Yields the texts of a table.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another suffix, a damaged row, a column that is not there, or a text
                without what the task needs.
        """
        source = TextSource(TABLE, self.text_column, None, "label")
        for row in source.read(path, labelled=False):
            if self.needs not in row.text:
                raise ValueError(f"{row.place}: text must hold a {self.needs}; got {row.text!r}.")
            yield TextExample(row.text)

    def encode(self, example: TextExample, tokenizer: Tokenizer) -> list[Sample]:
        """There is nothing to train for; raises ValueError."""
        self._refuse()

    def score(
        self, examples: Sequence[TextExample], predictions: Sequence[Any]
    ) -> dict[str, float]:
        """There is nothing to be right about; raises ValueError."""
        self._refuse()

    @abstractmethod
    def agreement(self, expected: Sequence[Any], found: Sequence[Any]) -> float:
        """How far answers to some texts are those expected, from 0 to 100."""

    def _refuse(self) -> NoReturn:
        raise ValueError(f"a model of {self.name} has no labels to learn or to score by.")
