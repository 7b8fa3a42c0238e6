"""The scores of whole files, as the official scripts of SQuAD 1.1 and 2.0 give them.

tasks.squad  ->  [squad_scores.score_version_1, score_version_2]  ->  metrics

The words of an answer are compared by the rules of SQuAD, in every language. KorQuAD's own
script has others: it keeps English articles, drops some more brackets and quotes, and takes F1
over characters instead of words. Scores of Korean files are therefore not those of its board.

Source: the official evaluate-v1.1.py and evaluate-v2.0.py of SQuAD; google-research/albert
squad_utils.py, evaluate_v2.

Shape letters: Q questions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from albert_tf.tasks.metrics import best_over, exact_match, f1, normalize_answer

Scores = NDArray[np.float64]


def score_version_1(answers: Sequence[Sequence[str]], texts: Sequence[str]) -> dict[str, float]:
    """Scores predicted texts against the answers of each question, by SQuAD 1.1.

    Args:
        answers: Of each question, at least one.
        texts: One for each question.

    Returns:
        `exact_match` and `f1`, percentages, and `examples`, Q.

    Raises:
        ValueError: there are no questions, or one without answers.

    >>> score_version_1([["lamp"], ["a key", "key ring"]], ["The lamp.", "ring"])
    {'exact_match': 50.0, 'f1': 83.33333333333333, 'examples': 2}
    """
    _check(answers)
    pairs = list(zip(texts, answers, strict=True))
    return {
        name: 100 * sum(best_over(metric, *pair) for pair in pairs) / len(pairs)
        for name, metric in (("exact_match", exact_match), ("f1", f1))
    } | {"examples": len(pairs)}


def score_version_2(answers: Sequence[Sequence[str]], texts: Sequence[str]) -> dict[str, float]:
    """Scores predicted texts, empty for no answer, by SQuAD 2.0.

    Args:
        answers: Of each question; none where it is impossible to answer.
        texts: One for each question.

    Returns:
        `exact` and `f1`, percentages, and `examples`, Q; the same of questions that have
        answers, as `HasAns_exact`, `HasAns_f1` and `HasAns_total`, and of the others with
        `NoAns`, where there are such questions.

    Raises:
        ValueError: there are no questions.

    >>> score_version_2([["lamp"], []], ["lamps", ""])["exact"]
    50.0
    """
    _check(answers)
    exact, overlap = _question_scores(answers, texts)
    scores = {"exact": _percent(exact), "f1": _percent(overlap), "examples": len(exact)}
    answered = _answered(answers)
    for name, chosen in (("HasAns", answered), ("NoAns", ~answered)):
        if chosen.any():
            scores[f"{name}_exact"] = _percent(exact[chosen])
            scores[f"{name}_f1"] = _percent(overlap[chosen])
            scores[f"{name}_total"] = int(chosen.sum())
    return scores


def best_thresholds(
    answers: Sequence[Sequence[str]], words: Sequence[str], null_score_differences: Sequence[float]
) -> dict[str, float]:
    """Finds the threshold of no answer at which each score of SQuAD 2.0 would be highest.

    Args:
        answers: Of each question; none where it is impossible to answer.
        words: The best words for each question, however much likelier no answer is.
        null_score_differences: Of each question; above the threshold there is no answer.

    Returns:
        `best_exact` and `best_f1`, percentages, and their `best_exact_thresh` and
        `best_f1_thresh`, which are 0.0 where it is best to answer nothing.

    Raises:
        ValueError: there are no questions.
    """
    _check(answers)
    answered = _answered(answers)
    order = np.argsort(null_score_differences, kind="stable")
    lost = np.where([bool(text) for text in words], -1.0, 0.0)  # by answering the impossible
    found: dict[str, float] = {}
    names = ("best_exact", "best_f1")
    for name, scores in zip(names, _question_scores(answers, words), strict=True):
        gains = np.where(answered, scores, lost)[order]
        totals = np.cumsum(np.concatenate([[(~answered).sum()], gains]))  # [1 + Q]
        best = int(totals.argmax())
        found[name] = float(100 * totals[best] / len(order))
        found[f"{name}_thresh"] = float(null_score_differences[order[best - 1]]) if best else 0.0
    return found


def _question_scores(
    answers: Sequence[Sequence[str]], texts: Sequence[str]
) -> tuple[Scores, Scores]:
    """Exact match and F1 of each question by SQuAD 2.0, each [Q]."""
    rows = []
    for text, given in zip(texts, answers, strict=True):
        # An answer of articles and punctuation alone counts as none.
        wanted = [answer for answer in given if normalize_answer(answer)]
        if wanted:
            rows.append((best_over(exact_match, text, wanted), best_over(f1, text, wanted)))
        else:
            rows.append((float(not normalize_answer(text)),) * 2)
    exact, overlap = np.array(rows, np.float64).T
    return exact, overlap


def _answered(answers: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    return np.array([bool(given) for given in answers])


def _percent(scores: Scores) -> float:
    return float(100 * scores.sum() / len(scores))


def _check(answers: Sequence[Sequence[str]]) -> None:
    if not answers:
        raise ValueError("answers must be of at least one question; got none.")
