"""Questions on a passage with options to choose from, as RACE publishes them.

folder of JSON files  ->  [race.MultipleChoiceTask]  ->  training.finetune, runtime

Every option is an input of its own; what the model says of them is compared here.

Shape letters: N options.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from albert_tf.examples.packing import PackedSequence, pack
from albert_tf.tasks.classification import softmax
from albert_tf.tasks.tables import check_unicode
from albert_tf.tasks.task import Floats, Sample, Window
from albert_tf.text.tokenizer import Tokenizer

LEVELS = ("middle", "high")


@dataclass(frozen=True)
class ChoiceExample:
    """A question on a passage, what may be the answer, and perhaps which is."""

    passage: str
    question: str
    options: tuple[str, ...]  # [N]
    answer: int | None = None  # index of an option
    level: str | None = None  # of the school: "middle" or "high"
    identifier: str | None = None  # file, and number of the question in it

    @property
    def expected(self) -> str | None:
        """The letter of the answer, "A" for the first."""
        return None if self.answer is None else string.ascii_uppercase[self.answer]


@dataclass(frozen=True)
class ChoicePrediction:
    """The likeliest option, and the probability of each."""

    label: str  # "A" for the first
    probabilities: dict[str, float]  # by label


@dataclass(frozen=True)
class MultipleChoiceTask:
    """One option of several, as in RACE.

    Segment A is the passage, cut at its end to fit. Segment B is the question with an option,
    in its gap where it has one; of that, the last `max_qa_length` tokens are kept.

    Raises:
        ValueError: an unknown level, fewer than two choices, or no room for the passage.

    Source: google-research/albert race_utils.py; Lai et al. (arXiv:1704.04683).
    """

    name: ClassVar[str] = "multiple_choice"
    level: str = "all"
    num_choices: int = 4
    sequence_length: int = 512
    max_qa_length: int = 128

    def __post_init__(self) -> None:
        if self.level not in {*LEVELS, "all"}:
            raise ValueError(f"level must be middle, high or all; got {self.level!r}.")
        if not 2 <= self.num_choices <= len(string.ascii_uppercase):
            raise ValueError(f"num_choices must be from 2 to 26; got {self.num_choices}.")
        if self.max_qa_length < 1 or self.sequence_length < self.max_qa_length + 4:
            raise ValueError(
                f"sequence_length must exceed max_qa_length ({self.max_qa_length}, at least 1) "
                f"by at least 4; got {self.sequence_length}."
            )

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return "accuracy"

    def read(self, path: str | Path, limit: int | None = None) -> list[ChoiceExample]:
        """Reads a folder with `middle` and `high`, or the one that `level` asks for.

        Raises:
            FileNotFoundError: no such folder, or none of a level in it.
            ValueError: a file of another layout, or a question without an answer.
        """
        examples = []
        for example in islice(self.stream(path), limit):
            if example.answer is None:
                raise ValueError(f"{path}: {example.identifier} has no answer.")
            examples.append(example)
        if not examples:
            raise ValueError(f"{path} holds no questions.")
        return examples

    def stream(self, path: str | Path) -> Iterator[ChoiceExample]:
        """Yields the questions of a folder, which need no answers, file by file.

        Raises:
            FileNotFoundError: as in `read`.
            ValueError: a file of another layout.
        """
        path = Path(path)
        wanted = [level for level in LEVELS if self.level in {level, "all"}]
        present = [level for level in wanted if (path / level).is_dir()]
        if not present:
            raise FileNotFoundError(f"{path} must be a folder that holds {' or '.join(wanted)}.")
        for level in present:
            for file in sorted((path / level).glob("*.txt")):
                yield from self._questions(file, level)

    def encode(self, example: ChoiceExample, tokenizer: Tokenizer) -> list[Sample]:
        """Packs the options; the target of `logits` is the index of the right one.

        Raises:
            ValueError: the example has no answer, or another number of options.
        """
        if example.answer is None:
            raise ValueError(f"{example.question!r} has no answer to train on.")
        if len(example.options) != self.num_choices:
            raise ValueError(
                f"{example.question!r} must have {self.num_choices} options; "
                f"got {len(example.options)}."
            )
        inputs = tuple(window.packed for window in self.windows(example, tokenizer))
        return [Sample(inputs, {"logits": example.answer})]

    def windows(self, example: ChoiceExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs the passage with each option."""
        texts = [_complete(example.question, option) for option in example.options]
        passage, *endings = tokenizer.encode_ids([example.passage, *texts])
        return [Window(self._pack(passage, ending, tokenizer)) for ending in endings]

    def decode(
        self,
        example: ChoiceExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> ChoicePrediction:
        """Compares the one logit that each option got."""
        logits = np.concatenate([output["logits"] for output in outputs])  # [N]
        labels = string.ascii_uppercase[: len(logits)]
        probabilities = softmax(logits)
        return ChoicePrediction(
            label=labels[int(probabilities.argmax())],
            probabilities=dict(zip(labels, map(float, probabilities), strict=True)),
        )

    def score(
        self, examples: Sequence[ChoiceExample], predictions: Sequence[ChoicePrediction]
    ) -> dict[str, float]:
        """Returns `accuracy`, that of each level, all percentages, and `examples`."""
        right: dict[str, list[bool]] = {"accuracy": []}
        for example, prediction in zip(examples, predictions, strict=True):
            is_right = example.answer == string.ascii_uppercase.index(prediction.label)
            right["accuracy"].append(is_right)
            if example.level is not None:
                right.setdefault(f"accuracy_{example.level}", []).append(is_right)
        scores = {name: 100 * sum(found) / len(found) for name, found in right.items()}
        return {**scores, "examples": len(examples)}

    def _pack(self, passage: list[int], ending: list[int], tokenizer: Tokenizer) -> PackedSequence:
        ending = ending[-self.max_qa_length :]
        room = self.sequence_length - len(ending) - 3
        return pack(passage[:room], ending, tokenizer.special)

    def _questions(self, file: Path, level: str) -> Iterator[ChoiceExample]:
        try:
            content = json.loads(file.read_text(encoding="utf-8-sig"))
            yield from _parse(content, level, file.name, self.num_choices)
        except UnicodeDecodeError as error:
            raise ValueError(f"{file} must be UTF-8 text: {error}.") from error
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{file} is not JSON: {error}.") from error
        except KeyError as error:
            raise ValueError(f"{file} is not in the layout of RACE: it has no {error}.") from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"{file} is not in the layout of RACE: {error}.") from error


def _complete(question: str, option: str) -> str:
    """The question with the option in its gap, or after it."""
    option = " ".join(option.split())
    return question.replace("_", option) if "_" in question else f"{question} {option}"


def _parse(content: Any, level: str, name: str, num_choices: int) -> Iterator[ChoiceExample]:
    questions, options = content["questions"], content["options"]
    answers = content.get("answers") or [None] * len(questions)
    passage = _text("article", content["article"])
    if not len(questions) == len(options) == len(answers):
        raise ValueError(
            f"questions, options and answers must be equally many; got {len(questions)}, "
            f"{len(options)} and {len(answers)}"
        )
    labels = list(string.ascii_uppercase[:num_choices])
    for number, (question, choices, answer) in enumerate(
        zip(questions, options, answers, strict=True), start=1
    ):
        if len(choices) != num_choices:
            raise ValueError(
                f"question {number} must have {num_choices} options; got {len(choices)}"
            )
        if answer is not None and answer not in labels:
            raise ValueError(
                f"the answer of question {number} must be one of {', '.join(labels)}; "
                f"got {answer!r}"
            )
        yield ChoiceExample(
            passage,
            _text("questions", question),
            tuple(_text("options", choice) for choice in choices),
            None if answer is None else labels.index(answer),
            level,
            f"{level}/{name}#{number}",
        )


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must hold text; got {value!r}")
    check_unicode([value], name)
    return value
