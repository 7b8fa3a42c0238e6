"""Extractive question answering on SQuAD-style JSON, in any language.

JSON  ->  [squad.QuestionAnsweringTask]  ->  training.finetune, runtime

A passage longer than one input is read in overlapping windows; the answer is the best
span of all of them, cut from the original text by character spans. Unlike the official
code, a token that two windows share may be answered from either.

Shape letters: W tokens of the passage in a window.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from albert_tf.examples.packing import pack
from albert_tf.tasks.metrics import best_over, exact_match, f1
from albert_tf.tasks.task import Floats, Sample, Window
from albert_tf.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class QuestionExample:
    """A question on a passage, perhaps with its answers."""

    question: str
    context: str
    answers: tuple[str, ...] = ()
    answer_start: int | None = None  # character of the context where answers[0] begins


@dataclass(frozen=True)
class AnswerPrediction:
    """The words of the passage that answer best."""

    text: str
    start: int  # first character in the passage
    end: int  # past the last character
    score: float  # start logit plus end logit; comparable within one question


@dataclass(frozen=True)
class QuestionAnsweringTask:
    """Answers that are words of the passage, as in SQuAD 1.1.

    Source: google-research/albert squad_utils.py; BERT (arXiv:1810.04805) section 4.2.
    """

    name: ClassVar[str] = "question_answering"
    sequence_length: int = 384
    doc_stride: int = 128
    max_query_length: int = 64
    max_answer_length: int = 30
    version_2: bool = False

    def __post_init__(self) -> None:
        if self.doc_stride < 1:
            raise ValueError(f"doc_stride must be at least 1; got {self.doc_stride}.")
        if self.sequence_length < self.max_query_length + 4:
            raise ValueError(
                f"sequence_length must exceed max_query_length ({self.max_query_length}) "
                f"by at least 4; got {self.sequence_length}."
            )

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return "f1"

    def read(self, path: str | Path, limit: int | None = None) -> list[QuestionExample]:
        """Reads a JSON file in the layout of SQuAD 1.1.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another layout, or a question without an answer.
        """
        examples = list(islice(self.stream(path), limit))
        if not examples:
            raise ValueError(f"{path} holds no questions.")
        unanswered = [example.question for example in examples if not example.answers]
        if unanswered:
            raise ValueError(
                f"{path} has {len(unanswered)} questions without an answer, such as "
                f"{unanswered[0]!r}; only SQuAD 1.1, where all have one, is read."
            )
        return examples

    def stream(self, path: str | Path) -> Iterator[QuestionExample]:
        """Yields the questions of a file, which need no answers.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another layout.
        """
        try:
            yield from _questions(json.loads(Path(path).read_text(encoding="utf-8")))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not JSON: {error}.") from error
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not in the layout of SQuAD: {error!r}.") from error

    def encode(self, example: QuestionExample, tokenizer: Tokenizer) -> list[Sample]:
        """Returns every window, with the place of the first answer or of [CLS].

        A window that does not hold the whole answer points at [CLS], so that the model
        learns to score its words low. None are returned where no window holds it.

        Raises:
            ValueError: the example has no answer.
        """
        if not example.answers or example.answer_start is None:
            raise ValueError(f"{example.question!r} has no answer to train on.")
        first = example.answer_start
        last = first + len(example.answers[0])
        samples = []
        for window in self.windows(example, tokenizer):
            start, end = place(window, first, last)
            samples.append(Sample((window.packed,), {"start": start, "end": end}))
        return samples if any(sample.targets["end"] for sample in samples) else []

    def decode(
        self,
        example: QuestionExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> AnswerPrediction:
        """Returns the best span over all windows; empty text for an empty passage."""
        best: AnswerPrediction | None = None
        for window, output in zip(windows, outputs, strict=True):
            if not window.spans:
                continue
            passage = slice(window.offset, window.offset + len(window.spans))
            first, last, score = best_span(
                output["start"][passage], output["end"][passage], self.max_answer_length
            )
            if best is None or score > best.score:
                start, end = window.spans[first][0], window.spans[last][1]
                best = AnswerPrediction(example.context[start:end], start, end, score)
        return best or AnswerPrediction("", 0, 0, 0.0)

    def score(
        self, examples: Sequence[QuestionExample], predictions: Sequence[AnswerPrediction]
    ) -> dict[str, float]:
        """Returns `exact_match` and `f1`, percentages, and `examples`."""
        pairs = list(zip(examples, predictions, strict=True))
        return {
            name: 100 * sum(best_over(metric, p.text, e.answers) for e, p in pairs) / len(pairs)
            for name, metric in (("exact_match", exact_match), ("f1", f1))
        } | {"examples": len(pairs)}

    def windows(self, example: QuestionExample, tokenizer: Tokenizer) -> list[Window]:
        """Returns the question with each stretch of the passage, which overlap."""
        question = tokenizer.encode(example.question).token_ids[: self.max_query_length]
        context = tokenizer.encode(example.context)
        room = self.sequence_length - len(question) - 3
        windows, start = [], 0
        while True:
            stretch = slice(start, start + room)
            packed = pack(question, context.token_ids[stretch], tokenizer.special)
            windows.append(Window(packed, len(question) + 2, context.spans[stretch]))
            if start + room >= len(context.token_ids):
                return windows
            start += min(self.doc_stride, room)


def place(window: Window, first: int, last: int) -> tuple[int, int]:
    """First and last token of the characters from `first` to `last`; 0, 0 if not all here."""
    if not window.spans or window.spans[0][0] > first or window.spans[-1][1] < last:
        return 0, 0
    inside = [
        window.offset + token
        for token, (start, end) in enumerate(window.spans)
        if start < last and end > first
    ]
    return (inside[0], inside[-1]) if inside else (0, 0)


def best_span(start: Floats, end: Floats, max_length: int) -> tuple[int, int, float]:
    """Finds the span with the highest sum of start and end logit.

    Args:
        start: float [W]. Logits of the first token.
        end: float [W]. Logits of the last token.
        max_length: Longest span, in tokens.

    Returns:
        First token, last token, and the sum.

    >>> best_span(np.array([0., 3., 0.]), np.array([4., 1., 2.]), max_length=2)
    (1, 2, 5.0)
    """
    scores = start[:, None] + end[None, :]  # [W, W]
    allowed = np.triu(np.ones(scores.shape, bool)) & ~np.triu(
        np.ones(scores.shape, bool), k=max_length
    )
    first, last = np.unravel_index(np.where(allowed, scores, -np.inf).argmax(), scores.shape)
    return int(first), int(last), float(scores[first, last])


def _questions(content: Any) -> Iterator[QuestionExample]:
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                answers = question["answers"]
                yield QuestionExample(
                    question=_text(question["question"]),
                    context=_text(paragraph["context"]),
                    answers=tuple(_text(answer["text"]) for answer in answers),
                    answer_start=int(answers[0]["answer_start"]) if answers else None,
                )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value
