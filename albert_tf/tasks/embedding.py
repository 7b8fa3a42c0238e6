"""Vectors of texts, as the body of a model without a head gives them.

unscored.UnscoredTask  ->  [embedding.EmbeddingTask]  ->  runtime

Shape letters: B texts, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.task import Floats, Window
from albert_tf.tasks.texts import check_room, pack_texts
from albert_tf.tasks.unscored import UnscoredTask
from albert_tf.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Embedding:
    """Two vectors of one text."""

    mean: tuple[float, ...]  # [H] of the hidden states of all tokens, special ones included
    pooled: tuple[float, ...]  # [H] tanh of a projection of [CLS]


@dataclass(frozen=True)
class EmbeddingTask(UnscoredTask):
    """Vectors of the texts in a column, of which the first tokens are read.

    Raises:
        ValueError: a length without room for a text.
    """

    name: ClassVar[str] = "embeddings"
    text_column: str = "text"
    sequence_length: int = 512

    def __post_init__(self) -> None:
        check_room(self.sequence_length)

    def windows(self, example: TextExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs one text, or two as a pair."""
        return [Window(pack_texts(example.text, example.pair, tokenizer, self.sequence_length))]

    def decode(
        self,
        example: TextExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> Embedding:
        """Returns the vectors as they are."""
        (output,) = outputs
        return Embedding(*(tuple(output[f"{name}_output"].tolist()) for name in ("mean", "pooled")))

    def agreement(self, expected: Sequence[Embedding], found: Sequence[Embedding]) -> float:
        """The mean cosine of each text's two `mean` vectors, in percent."""
        before, after = (
            np.array([vectors.mean for vectors in answers]) for answers in (expected, found)
        )  # [B, H]
        lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        return 100 * float(np.mean((before * after).sum(axis=1) / lengths))
