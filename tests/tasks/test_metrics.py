"""Exact match and F1 follow the published rules of SQuAD 1.1."""

import pytest

from albert_tf.tasks.metrics import best_over, exact_match, f1


@pytest.mark.parametrize(
    ("prediction", "answer", "em", "score"),
    [
        ("The lamp.", "lamp", 1.0, 1.0),
        ("a red lamp", "the lamp", 0.0, 2 / 3),
        ("key", "lamp", 0.0, 0.0),
        ("lamp lamp", "lamp", 0.0, 2 / 3),
        ("", "lamp", 0.0, 0.0),
    ],
)
def test_scores_of_known_pairs(prediction: str, answer: str, em: float, score: float) -> None:
    assert exact_match(prediction, answer) == em
    assert f1(prediction, answer) == pytest.approx(score)


def test_the_best_answer_counts() -> None:
    assert best_over(exact_match, "key", ["lamp", "key"]) == 1.0


def test_no_answers_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one text; got none"):
        best_over(f1, "key", [])
