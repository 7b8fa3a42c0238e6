"""Predictions are written as each benchmark's own scorer takes them."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from albert_tf.tasks.classification import ClassificationTask, ClassPrediction, TextExample
from albert_tf.tasks.glue import DATASETS
from albert_tf.tasks.race import ChoiceExample, ChoicePrediction, MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask, ScoredExample, ScorePrediction
from albert_tf.tasks.squad import AnswerPrediction, QuestionAnsweringTask
from albert_tf.tasks.submission import submission_path, write_submission


@dataclass
class Named:
    """An example of a question, as far as a submission knows it."""

    identifier: str


def texts(*identifiers: str | None) -> list[TextExample]:
    return [TextExample("a", identifier=identifier) for identifier in identifiers]


def classes(*labels: str) -> list[ClassPrediction]:
    return [ClassPrediction(label, {}) for label in labels]


@pytest.mark.parametrize(
    ("dataset", "file"),
    [
        ("cola", "CoLA.tsv"), ("sst2", "SST-2.tsv"), ("mrpc", "MRPC.tsv"), ("qqp", "QQP.tsv"),
        ("mnli", "MNLI-m.tsv"), ("mnli_mismatched", "MNLI-mm.tsv"), ("qnli", "QNLI.tsv"),
        ("rte", "RTE.tsv"), ("wnli", "WNLI.tsv"),
    ],
)  # fmt: skip
def test_glue_takes_indices_and_official_labels(tmp_path: Path, dataset: str, file: str) -> None:
    labels = DATASETS[dataset].labels
    path = write_submission(
        ClassificationTask(dataset=dataset, labels=labels[::-1]),
        texts("7", "3"), classes(labels[1], labels[0]), tmp_path / "new",
    )  # fmt: skip
    assert path == tmp_path / "new" / file
    assert path.read_text() == f"index\tprediction\n7\t{labels[1]}\n3\t{labels[0]}\n"
    assert list(path.parent.iterdir()) == [path]


def test_the_numbers_of_stsb_have_three_decimals_and_end_at_5(tmp_path: Path) -> None:
    examples = [ScoredExample("a", identifier=str(number)) for number in range(3)]
    scores = [ScorePrediction(score) for score in (2.00049, -0.2, 5.3)]
    path = write_submission(RegressionTask(dataset="stsb"), examples, scores, tmp_path)
    assert path.name == "STS-B.tsv"
    assert path.read_text() == "index\tprediction\n0\t2.000\n1\t0.000\n2\t5.000\n"


def test_race_is_a_line_for_each_question(tmp_path: Path) -> None:
    examples = [ChoiceExample("", "", (), identifier=f"high/7.txt#{n}") for n in (1, 2)]
    found = [ChoicePrediction(label, {}) for label in "CA"]
    path = write_submission(MultipleChoiceTask(), examples, found, tmp_path)
    assert path.read_text() == "high/7.txt#1 C\nhigh/7.txt#2 A\n"


def test_squad_is_an_object_of_texts(tmp_path: Path) -> None:
    found = [AnswerPrediction(text, 0, 0, 0.0) for text in ("caf\u00e9", "")]
    path = write_submission(QuestionAnsweringTask(), [Named("x"), Named("y")], found, tmp_path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"x": "caf\u00e9", "y": ""}


@pytest.mark.parametrize(
    ("task", "examples", "count", "words"),
    [
        (ClassificationTask(), texts("1"), 1, "a classification of one's own is no benchmark"),
        (ClassificationTask(dataset="rte"), texts("1"), 2, "equal length; got 1 and 2"),
        (ClassificationTask(dataset="rte"), [], 0, "examples must hold at least one; got none"),
        (ClassificationTask(dataset="rte"), texts("1", None), 2, "example 2 has no identifier"),
        (
            ClassificationTask(dataset="rte"), texts("1", "5", "2", "5"), 4,
            "identifiers must differ; 2 examples have '5'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_submitted_is_named(
    tmp_path: Path, task: Any, examples: list[Any], count: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        write_submission(task, examples, classes(*["entailment"] * count), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_submission_is_refused_before_it_is_answered(tmp_path: Path) -> None:
    task = ClassificationTask(dataset="rte")
    path = submission_path(task, texts("1"), tmp_path / "out")
    assert write_submission(task, texts("1"), classes("entailment"), tmp_path / "out") == path
    before = path.read_bytes()
    for refused in (submission_path, partial(write_submission, predictions=classes("entailment"))):
        with pytest.raises(FileExistsError, match="exists; choose another folder"):
            refused(task, examples=texts("1"), folder=tmp_path / "out")
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="no benchmark"):
        submission_path(ClassificationTask(), texts("1"), tmp_path / "other")
    assert not (tmp_path / "other").exists()
