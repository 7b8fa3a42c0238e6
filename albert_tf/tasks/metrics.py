"""Exact match and F1 of answer texts, by the rules of SQuAD 1.1.

tasks.squad_scores  ->  [metrics]

Source: the official SQuAD evaluate-v1.1.py.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case; without punctuation, English articles and extra white space.

    >>> normalize_answer("The  red lamp.")
    'red lamp'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(prediction: str, answer: str) -> float:
    """1 where both are the same after normalization, else 0."""
    return float(normalize_answer(prediction) == normalize_answer(answer))


def f1(prediction: str, answer: str) -> float:
    """Harmonic mean of the precision and recall of words.

    >>> round(f1("the red lamp", "a lamp"), 3)
    0.667
    """
    predicted, true = normalize_answer(prediction).split(), normalize_answer(answer).split()
    shared = sum((Counter(predicted) & Counter(true)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(true)
    return 2 * precision * recall / (precision + recall)


def best_over(
    metric: Callable[[str, str], float], prediction: str, answers: Sequence[str]
) -> float:
    """The score against the answer that fits best.

    Raises:
        ValueError: there are no answers.
    """
    if not answers:
        raise ValueError("answers must hold at least one text; got none.")
    return max(metric(prediction, answer) for answer in answers)
