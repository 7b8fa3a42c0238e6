"""Questions on passages from JSON in the layout of SQuAD 1.1 or 2.0, in any language.

JSON  ->  [squad_files.read_questions, stream_questions]  ->  squad

KorQuAD 1.0 has the layout of SQuAD 1.1.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from albert_tf.tasks.tables import check_unicode


@dataclass(frozen=True)
class QuestionExample:
    """A question on a passage, perhaps with its answers."""

    question: str
    context: str
    answers: tuple[str, ...] = ()
    answer_start: int | None = None  # character of the context where answers[0] begins
    identifier: str = ""
    is_impossible: bool = False  # whether the passage is known not to answer it

    @property
    def expected(self) -> tuple[str, ...]:
        """What would be right; nothing where the passage does not answer."""
        return self.answers


def read_questions(
    path: str | Path, limit: int | None = None, *, version_2: bool = False
) -> list[QuestionExample]:
    """Reads labelled questions; a file with wrong places of answers is mended with a warning.

    Where an answer is not at its `answer_start`, the nearest place that has the same words is
    taken; one warning counts these.

    Args:
        path: The file.
        limit: Most questions to read.
        version_2: Whether questions may be impossible to answer, as in SQuAD 2.0.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as in `stream_questions`; a question that is not labelled, or is labelled
            both ways; an impossible one without `version_2`; an answer whose words are nowhere
            in the passage.
    """
    given = list(islice(stream_questions(path), limit))
    if not given:
        raise ValueError(f"{path} holds no questions.")
    _check_labels(path, given, version_2)
    examples = [locate(example) for example in given]
    lost = [example for example in examples if example.answers and example.answer_start is None]
    if lost:
        raise ValueError(
            f"{path} has {len(lost)} answers that are nowhere in their passage, such as "
            f"{lost[0].answers[0]!r} of question {lost[0].identifier!r}. Correct or remove them."
        )
    moved = [
        example.identifier
        for example, before in zip(examples, given, strict=True)
        if example.answer_start != before.answer_start
    ]
    if moved:
        warnings.warn(
            f"{path} has {len(moved)} answers that are not at their answer_start, such as that "
            f"of question {moved[0]!r}; the nearest place with the same words was taken.",
            stacklevel=2,
        )
    return examples


def stream_questions(path: str | Path) -> Iterator[QuestionExample]:
    """Yields the questions of a file as they are, with labels or without.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not JSON, another layout, two questions with one id, or a passage or answer
            that is blank.
    """
    seen = set()
    for place, paragraph in _paragraphs(path):
        context = _words(paragraph, "context", place)
        for number, question in enumerate(_member(paragraph, "qas", list, place), start=1):
            example = _question(question, context, f"{place}, question {number}", str(path))
            if example.identifier and example.identifier in seen:
                raise ValueError(
                    f"{path} has two questions with the id {example.identifier!r}; "
                    f"predictions could not be told apart."
                )
            seen.add(example.identifier)
            yield example


def locate(example: QuestionExample) -> QuestionExample:
    """Corrects `answer_start` to the nearest place of the first answer; None if it is nowhere.

    >>> locate(QuestionExample("Who?", "Ann, Bo, Ann", ("Ann",), answer_start=7)).answer_start
    9
    """
    if not example.answers or example.answer_start is None:
        return example
    words, wanted = example.answers[0], max(example.answer_start, 0)
    found = (
        example.context.rfind(words, 0, wanted + len(words)),
        example.context.find(words, wanted),
    )
    places = [place for place in found if place >= 0]
    nearest = min(places, key=lambda place: abs(place - wanted), default=None)
    return replace(example, answer_start=nearest)


def _check_labels(path: str | Path, examples: Sequence[QuestionExample], version_2: bool) -> None:
    impossible = [example for example in examples if example.is_impossible]
    if impossible and not version_2:
        raise ValueError(
            f"{path} is of SQuAD 2.0: {len(impossible)} of its questions have no answer, such as "
            f"{_name(impossible[0])}. Give it to a task with version_2=True."
        )
    unlabelled = [e for e in examples if not e.answers and not e.is_impossible]
    if unlabelled:
        raise ValueError(
            f"{path} has {len(unlabelled)} questions without an answer, such as "
            f"{_name(unlabelled[0])}. Give them answers; in SQuAD 2.0, those that have none "
            f"are marked with is_impossible."
        )
    both = [example for example in impossible if example.answers]
    if both:
        raise ValueError(
            f"{path} has {len(both)} questions that are impossible and yet have answers, such "
            f"as {_name(both[0])}."
        )


def _name(example: QuestionExample) -> str:
    return f"{example.identifier!r} ({example.question!r})"


def _paragraphs(path: str | Path) -> Iterator[tuple[str, Any]]:
    """Each paragraph of a file, and where it stands."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    for row, article in enumerate(_member(content, "data", list, str(path)), start=1):
        place = f"{path}, article {row}"
        for number, paragraph in enumerate(_member(article, "paragraphs", list, place), start=1):
            yield f"{place}, paragraph {number}", paragraph


def _question(values: Any, context: str, place: str, path: str) -> QuestionExample:
    identifier = _member(values, "id", str, place, default="")
    place = f"{path}, question {identifier!r}" if identifier else place
    answers = _member(values, "answers", list, place, default=[])
    return QuestionExample(
        question=_member(values, "question", str, place),  # a blank one asks for nothing
        context=context,
        answers=tuple(_words(answer, "text", place) for answer in answers),
        answer_start=_member(answers[0], "answer_start", int, place) if answers else None,
        identifier=identifier,
        is_impossible=_member(values, "is_impossible", bool, place, default=False),
    )


def _words(values: Any, key: str, place: str) -> str:
    words: str = _member(values, key, str, place)
    if not words.strip():
        raise ValueError(
            f"{place}: {key} must not be blank; got {words!r}. Fill it in, or remove the question."
        )
    return words


def _member(values: Any, key: str, kind: type, place: str, default: Any = None) -> Any:
    """The value of a key, which must be of one kind."""
    if not isinstance(values, dict):
        raise ValueError(
            f"{place} is not in the layout of SQuAD: expected an object with {key!r}, "
            f"got {type(values).__name__}."
        )
    value = values.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(
            f"{place} is not in the layout of SQuAD: {key!r} must be {kind.__name__}, "
            f"got {type(value).__name__}."
        )
    if isinstance(value, str):
        check_unicode([value], place)
    return value
