"""A finished run leaves its answers, scores and pictures beside the model."""

import json
from pathlib import Path

import pytest

from albert_tf.tasks.classification import ClassPrediction
from albert_tf.tasks.race import ChoiceExample, ChoicePrediction, MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask, ScoredExample, ScorePrediction
from albert_tf.tasks.squad import AnswerPrediction, QuestionAnsweringTask, QuestionExample
from albert_tf.training.model_card import Run
from albert_tf.training.report import write_report
from tests.training.names import OPTIONS, TASK, VALIDATION

BEST = {"step": 9, "val_accuracy_score": 75.0}
LABELS = [
    ClassPrediction(label, {"he": 0.25, "she": 0.75}) for label in ("she", "she", "she", "he")
]


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def test_labels_are_written_with_what_was_expected(tmp_path: Path) -> None:
    write_report(Run(TASK, "base", OPTIONS, {}, 12, BEST), VALIDATION, LABELS, tmp_path)
    assert [row["expected"] for row in rows(tmp_path)] == ["she", "he", "she", "he"]
    assert rows(tmp_path)[1]["label"] == "she"
    assert rows(tmp_path)[1]["probabilities"] == {"he": 0.25, "she": 0.75}
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores == {"step": 9, "accuracy": 75.0, "examples": 4}
    assert "(confusion.png)" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "confusion.png").exists()


def test_answers_are_written_in_the_letters_of_the_passage(tmp_path: Path) -> None:
    question = QuestionExample("Wo?", "In der K\u00fcche.", ("K\u00fcche", "der K\u00fcche"), 7)
    answer = AnswerPrediction("K\u00fcche", 7, 12, 3.5)
    run = Run(QuestionAnsweringTask(), "base", OPTIONS, {}, 12, BEST)
    write_report(run, [question], [answer], tmp_path)
    assert rows(tmp_path) == [{
        "expected": ["K\u00fcche", "der K\u00fcche"], "text": "K\u00fcche", "start": 7, "end": 12,
        "score": 3.5, "null_score_difference": None, "best_words": None,
    }]  # fmt: skip
    assert "K\u00fcche" in (tmp_path / "predictions.jsonl").read_text(encoding="utf-8")
    assert "(f1_by_length.png)" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "f1_by_length.png").exists()


def test_scores_and_choices_are_written_with_what_was_expected(tmp_path: Path) -> None:
    scored = [ScoredExample("a", score=0.5), ScoredExample("b", score=2.0)]
    found = [ScorePrediction(0.25), ScorePrediction(1.5)]
    write_report(Run(RegressionTask(), "base", OPTIONS, {}, 12, BEST), scored, found, tmp_path)
    assert rows(tmp_path) == [{"expected": 0.5, "score": 0.25}, {"expected": 2.0, "score": 1.5}]
    choice = ChoiceExample("In it.", "Where?", ("out", "in"), answer=1)
    picked = ChoicePrediction("A", {"A": 0.75, "B": 0.25})
    run = Run(MultipleChoiceTask(num_choices=2), "base", OPTIONS, {}, 12, BEST)
    write_report(run, [choice], [picked], tmp_path)
    assert [(row["expected"], row["label"]) for row in rows(tmp_path)] == [("B", "A")]


def test_examples_and_answers_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        write_report(Run(TASK, "b", OPTIONS, {}, 1, BEST), VALIDATION, LABELS[:3], tmp_path)
