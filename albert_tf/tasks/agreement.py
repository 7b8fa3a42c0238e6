"""How well answers agree with labels, where a share of right ones says too little.

classification, regression  ->  [agreement]

All are percentages, as GLUE reports them. scikit-learn and SciPy are loaded by the first score,
so that tasks can be imported, and answered, without them.

Shape letters: B examples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def f1_of(positive: str, labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of one class; 0 where it never occurs.

    >>> f1_of("1", ["1", "1", "0", "0"], ["1", "0", "1", "0"])
    50.0
    """
    from sklearn.metrics import f1_score

    right = [label == positive for label in labels]
    found = [label == positive for label in predictions]
    return 100 * float(f1_score(right, found, zero_division=0.0))


def matthews(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Matthews' correlation of classes, from -100 to 100; 0 where all answers are the same.

    >>> matthews(["1", "1", "0", "0"], ["0", "0", "1", "1"])
    -100.0
    """
    from sklearn.metrics import matthews_corrcoef

    return 100 * float(matthews_corrcoef(list(labels), list(predictions)))


def pearson(scores: Sequence[float], predictions: Sequence[float]) -> float:
    """Correlation of the numbers, from -100 to 100; 0 where one side is constant."""
    from scipy.stats import pearsonr

    return _correlation(pearsonr, scores, predictions)


def spearman(scores: Sequence[float], predictions: Sequence[float]) -> float:
    """Correlation of the ranks, from -100 to 100; 0 where one side is constant.

    >>> spearman([1.0, 2.0, 3.0], [1.0, 10.0, 100.0])
    100.0
    """
    from scipy.stats import spearmanr

    return _correlation(spearmanr, scores, predictions)


def _correlation(statistic: object, scores: Sequence[float], predictions: Sequence[float]) -> float:
    first, second = np.asarray(scores, np.float64), np.asarray(predictions, np.float64)  # [B]
    # Undefined there; a model that always says the same has learned nothing.
    if not (np.ptp(first) and np.ptp(second)):
        return 0.0
    return 100 * float(statistic(first, second).statistic)  # type: ignore[operator]
