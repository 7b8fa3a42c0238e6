"""Pictures count what they show."""

from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.classification import ClassPrediction, TextExample
from albert_tf.tasks.squad import AnswerPrediction, QuestionExample
from albert_tf.training.answer_plots import (
    confusion,
    f1_by_length,
    plot_confusion,
    plot_f1_by_length,
)

PNG = b"\x89PNG"
TRUE, SAID = "aaab", "abab"
TEXTS = [TextExample("text", label=label) for label in TRUE]
LABELS = [ClassPrediction(label, {"a": 0.5, "b": 0.4, "c": 0.1}) for label in SAID]


def question(answer: str | None) -> QuestionExample:
    return QuestionExample("Where?", "context", () if answer is None else (answer,))


def test_rows_are_true_labels_and_columns_predicted_ones() -> None:
    labels, counts = confusion(TEXTS, LABELS)
    assert labels == ["a", "b", "c"]
    np.testing.assert_array_equal(counts, [[2, 1, 0], [0, 1, 0], [0, 0, 0]])


def test_a_label_the_model_does_not_know_has_a_row() -> None:
    labels, counts = confusion([TextExample("text", label="z")], LABELS[:1])
    assert labels == ["a", "b", "c", "z"]
    assert counts[3, 0] == counts.sum() == 1


def test_answers_are_grouped_by_their_words() -> None:
    pairs = [
        ("kitchen", "kitchen"), ("kitchen", "tower"), ("one two three four five", "four five"),
        (" ".join(["word"] * 11), ""), (None, ""), (None, "kitchen"),
    ]  # fmt: skip
    examples = [question(answer) for answer, _ in pairs]
    predictions = [AnswerPrediction(said, 0, 0, 0.0) for _, said in pairs]
    found = f1_by_length(examples, predictions)
    scores = {group: score for group, (score, _) in found.items()}
    # Of the long answer the precision is 1 and the recall 2/5.
    assert scores == pytest.approx({"none": 50, "1": 50, "4-5": 100 * 2 * 0.4 / 1.4, "11+": 0})
    assert [count for _, count in found.values()] == [2, 2, 1, 1]


def test_both_pictures_are_written(tmp_path: Path) -> None:
    plot_confusion(TEXTS, LABELS, tmp_path / "confusion.png")
    answers = [AnswerPrediction("kitchen", 0, 7, 1.0)]
    plot_f1_by_length([question("kitchen")], answers, tmp_path / "f1.png")
    for name in ("confusion.png", "f1.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)


def test_many_labels_fit_on_the_picture(tmp_path: Path) -> None:
    names = [f"label {number}" for number in range(75)] + ["under $5%", "from $5% to $10%"]
    texts = [TextExample("text", label=name) for name in names]
    said = [ClassPrediction(name, dict.fromkeys(names, 1 / 77)) for name in names]
    plot_confusion(texts, said, tmp_path / "many.png")
    assert (tmp_path / "many.png").read_bytes().startswith(PNG)
