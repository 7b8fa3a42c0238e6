"""Where a model is right and where it is wrong, as pictures.

report  ->  [answer_plots]  ->  confusion.png, f1_by_length.png

Shape letters: C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from albert_tf.tasks.classification import ClassPrediction, TextExample
from albert_tf.tasks.metrics import best_over, f1
from albert_tf.tasks.squad import AnswerPrediction, QuestionExample

# Words of the shortest answer in each group but the first, which has no answer at all.
_LENGTHS = (1, 2, 3, 4, 6, 11)
# With more classes than this the counts would not be legible.
_COUNTED = 20


def confusion(
    examples: Sequence[TextExample], predictions: Sequence[ClassPrediction]
) -> tuple[list[str], NDArray[np.int64]]:
    """Counts which label was taken for which.

    Returns:
        The labels, and int64 [C, C]: a row for each true label, a column for each predicted one.
    """
    labels = list(predictions[0].probabilities)
    labels += sorted({str(example.label) for example in examples} - set(labels))
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for example, prediction in zip(examples, predictions, strict=True):
        counts[place[str(example.label)], place[prediction.label]] += 1
    return labels, counts


def plot_confusion(
    examples: Sequence[TextExample], predictions: Sequence[ClassPrediction], path: Path
) -> None:
    """Draws which label was taken for which; colours are shares of the true label.

    Args:
        examples: Labelled.
        predictions: Of each.
        path: The PNG to write.
    """
    labels, counts = confusion(examples, predictions)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(3 + 0.5 * len(labels), 20)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    panel = figure.subplots()
    figure.colorbar(panel.imshow(shares, cmap="Blues", vmin=0, vmax=1), label="share")
    ticks = range(len(labels))
    panel.set_xticks(ticks, labels, rotation=90, parse_math=False)
    panel.set_yticks(ticks, labels, parse_math=False)
    panel.set(xlabel="predicted", ylabel="true")
    if len(labels) <= _COUNTED:
        for row, column in np.ndindex(counts.shape):
            shade = "white" if shares[row, column] > 0.5 else "black"
            panel.text(column, row, str(counts[row, column]), ha="center", va="center", color=shade)
    figure.savefig(path, dpi=120)


def f1_by_length(
    examples: Sequence[QuestionExample], predictions: Sequence[AnswerPrediction]
) -> dict[str, tuple[float, int]]:
    """Mean F1, in percent, and number of questions by the words of their first answer.

    A question without an answer has an F1 of 100 where none was given.
    """
    groups: dict[int, list[float]] = {}
    for example, prediction in zip(examples, predictions, strict=True):
        length = len(example.answers[0].split()) if example.answers else 0
        group = sum(length >= first for first in _LENGTHS)
        if example.answers:
            score = best_over(f1, prediction.text, example.answers)
        else:
            score = float(not prediction.text)
        groups.setdefault(group, []).append(100 * score)
    return {
        _caption(group): (float(np.mean(scores)), len(scores))
        for group, scores in sorted(groups.items())
    }


def _caption(group: int) -> str:
    """The lengths of a group, such as "4-5"."""
    if not group:
        return "none"
    first = _LENGTHS[group - 1]
    if group == len(_LENGTHS):
        return f"{first}+"
    last = _LENGTHS[group] - 1
    return str(first) if first == last else f"{first}-{last}"


def plot_f1_by_length(
    examples: Sequence[QuestionExample], predictions: Sequence[AnswerPrediction], path: Path
) -> None:
    """Draws the F1 of short and long answers.

    Args:
        examples: With answers.
        predictions: Of each.
        path: The PNG to write.
    """
    groups = f1_by_length(examples, predictions)
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.subplots()
    bars = panel.bar(list(groups), [score for score, _ in groups.values()])
    panel.bar_label(bars, [f"{count:,}" for _, count in groups.values()])
    panel.set(xlabel="words of the answer", ylabel="F1", ylim=(0, 108))
    panel.set_title("F1 by length of the answer, and questions")
    figure.savefig(path, dpi=120)
