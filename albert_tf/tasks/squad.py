"""Extractive question answering on SQuAD-style JSON, in any language.

JSON  ->  [squad.QuestionAnsweringTask]  ->  training.finetune, runtime

A passage longer than one input is read in overlapping windows; the answer is the best
span of all of them, cut from the original text by character spans.

Shape letters: W tokens of the passage in a window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from albert_tf.examples.packing import pack
from albert_tf.tasks.spans import (
    PassageReader,
    best_span,
    best_spans,
    cut,
    null_score,
    passage_logits,
    place,
    stretches,
)
from albert_tf.tasks.squad_files import QuestionExample, read_questions, stream_questions
from albert_tf.tasks.squad_scores import best_thresholds, score_version_1, score_version_2
from albert_tf.tasks.task import Floats, Sample, Window
from albert_tf.text.tokenizer import Tokenizer

__all__ = ["AnswerPrediction", "QuestionAnsweringTask", "QuestionExample", "best_span"]


@dataclass(frozen=True)
class AnswerPrediction:
    """The words of the passage that answer best; in version 2 perhaps none."""

    text: str
    start: int  # first character in the passage
    end: int  # past the last character
    score: float  # start logit plus end logit; comparable within one question
    # Version 2 only:
    null_score_difference: float | None = None  # score of no answer less that of best_words
    best_words: str | None = None  # `text`, or what it would be had the passage an answer


@dataclass(frozen=True)
class QuestionAnsweringTask:
    """Answers that are words of the passage, as in SQuAD 1.1, or that none are, as in 2.0.

    In version 2, [CLS] as first and last token means that there is no answer. That is said
    where its score, the smallest of all windows, exceeds the best span's by more than
    `null_threshold`.

    Unlike the official code, which looks only at the 20 best first and last tokens of a
    window, all spans are compared.

    Source: google-research/albert squad_utils.py; BERT (arXiv:1810.04805) sections 4.2, 4.3;
    google-research/bert run_squad.py for the score of no answer.
    """

    name: ClassVar[str] = "question_answering"
    sequence_length: int = 384
    doc_stride: int = 128
    max_query_length: int = 64
    max_answer_length: int = 30
    version_2: bool = False
    null_threshold: float = 0.0

    def __post_init__(self) -> None:
        for name in ("doc_stride", "max_query_length", "max_answer_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}.")
        if self.sequence_length < self.max_query_length + 4:
            raise ValueError(
                f"sequence_length must exceed max_query_length ({self.max_query_length}) "
                f"by at least 4; got {self.sequence_length}."
            )
        if not math.isfinite(self.null_threshold):
            raise ValueError(f"null_threshold must be finite; got {self.null_threshold}.")

    @cached_property
    def _read_passage(self) -> PassageReader:
        return PassageReader()

    @property
    def metric(self) -> str:
        """The score that tells the better of two models.

        In version 2 this is the F1 at its best threshold, which does not depend on that of the
        task, as official training has it.
        """
        return "best_f1" if self.version_2 else "f1"

    def read(self, path: str | Path, limit: int | None = None) -> list[QuestionExample]:
        """Reads a labelled JSON file in the layout of SQuAD 1.1, or of 2.0 in version 2.

        Raises:
            FileNotFoundError: no such file.
            ValueError: as in `squad_files.read_questions`.
        """
        return read_questions(path, limit, version_2=self.version_2)

    def stream(self, path: str | Path) -> Iterator[QuestionExample]:
        """Yields the questions of a file, which need no answers.

        Raises:
            FileNotFoundError: no such file.
            ValueError: as in `squad_files.stream_questions`.
        """
        return stream_questions(path)

    def encode(self, example: QuestionExample, tokenizer: Tokenizer) -> list[Sample]:
        """Returns every window, with the place of the first answer or of [CLS].

        A window that does not hold the whole answer points at [CLS], so that the model
        learns to score its words low, and so does every window of an impossible question.
        None are returned where there is an answer and no window holds it.

        Raises:
            ValueError: the example has no answer, or cannot have one and this is version 1.
        """
        windows = self.windows(example, tokenizer)
        if example.is_impossible:
            if not self.version_2:
                raise ValueError(
                    f"{example.question!r} is impossible to answer; only a task with "
                    f"version_2=True trains on it."
                )
            return [Sample((window.packed,), {"start": 0, "end": 0}) for window in windows]
        if not example.answers or example.answer_start is None:
            raise ValueError(f"{example.question!r} has no answer to train on.")
        # White space at the edges of an answer is in no token.
        words = example.answers[0]
        first = example.answer_start + len(words) - len(words.lstrip())
        last = first + len(words.strip())
        samples = []
        for window in windows:
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
        best: tuple[Window, int, int] | None = None
        score = -math.inf
        for window, output in zip(windows, outputs, strict=True):
            if not range(len(window.spans))[window.own]:
                continue
            first, last, total = best_span(
                *passage_logits(window, output), self.max_answer_length, window.own
            )
            if best is None or total > score:
                best, score = (window, first, last), total
        found = AnswerPrediction("", 0, 0, 0.0)
        if best is not None:
            found = AnswerPrediction(*cut(example.context, *best), score)
        return self._or_none(found, outputs) if self.version_2 else found

    def n_best(
        self,
        example: QuestionExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
        size: int = 20,
    ) -> list[AnswerPrediction]:
        """Returns the best answers, each of other words, best first.

        In version 2, no answer is one of them where its score is high enough; its text is empty.

        Args:
            example: The question.
            windows: Its inputs.
            outputs: What a model says of each.
            size: Most answers to return.

        Raises:
            ValueError: `size` is below 1.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1; got {size}.")
        logits = [passage_logits(*pair) for pair in zip(windows, outputs, strict=True)]
        own = [window.own for window in windows]
        found: dict[str, AnswerPrediction] = {}
        for number, first, last, score in best_spans(logits, own, self.max_answer_length, size):
            words, start, end = cut(example.context, windows[number], first, last)
            found.setdefault(words, AnswerPrediction(words, start, end, score))
            if len(found) == size:
                break
        if self.version_2:
            found[""] = AnswerPrediction("", 0, 0, null_score(outputs))
        return sorted(found.values(), key=lambda answer: -answer.score)[:size]

    def score(
        self, examples: Sequence[QuestionExample], predictions: Sequence[AnswerPrediction]
    ) -> dict[str, float]:
        """Returns what the official script of the version returns, and `examples`.

        All are percentages but for thresholds and counts; see `squad_scores`.

        Raises:
            ValueError: there are no examples.
        """
        pairs = list(zip(examples, predictions, strict=True))
        answers = [example.answers for example, _ in pairs]
        texts = [prediction.text for _, prediction in pairs]
        if not self.version_2:
            return score_version_1(answers, texts)
        scores = score_version_2(answers, texts)
        differences = [p.null_score_difference for p in predictions]
        known = [difference for difference in differences if difference is not None]
        if len(known) < len(differences):
            return scores
        words = [p.text if p.best_words is None else p.best_words for p in predictions]
        return scores | best_thresholds(answers, words, known)

    def windows(self, example: QuestionExample, tokenizer: Tokenizer) -> list[Window]:
        """Returns the question with each stretch of the passage, which overlap."""
        question = tokenizer.encode_ids([example.question])[0][: self.max_query_length]
        passage = self._read_passage(tokenizer, example.context)
        room = self.sequence_length - len(question) - 3
        return [
            Window(
                pack(question, passage.token_ids[shown], tokenizer.special),
                len(question) + 2,
                passage.spans[shown],
                own,
            )
            for shown, own in stretches(len(passage.token_ids), room, min(self.doc_stride, room))
        ]

    def _or_none(
        self, found: AnswerPrediction, outputs: Sequence[dict[str, Floats]]
    ) -> AnswerPrediction:
        """Says that there is no answer where that is likelier than the best one."""
        none = null_score(outputs)
        difference = none - found.score
        if difference > self.null_threshold:
            return AnswerPrediction("", 0, 0, none, difference, found.text)
        return replace(found, null_score_difference=difference, best_words=found.text)
