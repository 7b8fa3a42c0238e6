"""Scores beyond accuracy equal their definitions, and are 0 where they are undefined."""

import numpy as np
import pytest

from albert_tf.tasks.agreement import f1_of, matthews, pearson, spearman


def test_f1_is_of_the_named_class() -> None:
    labels, found = list("1110"), list("1101")
    assert f1_of("1", labels, found) == pytest.approx(200 / 3)
    assert f1_of("0", labels, found) == 0.0
    assert f1_of("2", labels, found) == 0.0


def test_matthews_equals_the_correlation_of_the_bits() -> None:
    rng = np.random.default_rng(0)
    labels, found = rng.integers(0, 2, (2, 53))
    expected = 100 * np.corrcoef(labels, found)[0, 1]
    assert matthews([*map(str, labels)], [*map(str, found)]) == pytest.approx(expected)


def test_correlations_equal_their_definitions() -> None:
    rng = np.random.default_rng(0)
    scores, found = rng.normal(size=(2, 53))
    assert pearson(scores, found) == pytest.approx(100 * np.corrcoef(scores, found)[0, 1])
    ranks = [values.argsort().argsort() for values in (scores, found)]
    assert spearman(scores, found) == pytest.approx(100 * np.corrcoef(*ranks)[0, 1])
    # The control: only the ranks survive a bend.
    assert spearman(scores, np.exp(found)) == pytest.approx(spearman(scores, found))
    assert pearson(scores, np.exp(found)) != pytest.approx(pearson(scores, found), abs=1)


def test_a_constant_answer_scores_zero() -> None:
    assert matthews(list("0110"), list("1111")) == 0.0
    for correlation in (pearson, spearman):
        assert correlation([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == 0.0
        assert correlation([2.0, 2.0], [1.0, 3.0]) == 0.0
