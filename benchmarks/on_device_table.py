"""What the rounds of on_device.py say: medians, and how near answers are to a reference.

on_device  ->  [on_device_table]  ->  what is printed

A round is what on_device_contestants.py measured in one process.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from albert_tf.tasks.classification import softmax

Round = dict[str, Any]


def medians(rounds: list[Round], own: list[Round], lengths: list[int], at: int) -> dict[str, float]:
    """Columns of times and memory; `ratio` is to the latency of `own` at a length."""
    ratios = [
        theirs["latency_ms"][str(at)] / ours["latency_ms"][str(at)]
        for theirs, ours in zip(rounds, own, strict=True)
    ]
    return {
        **{name: statistics.median(found[field] for found in rounds)
           for name, field in (("load", "load_ms"), ("first", "first_ms"), ("peak", "peak_mb"))},
        **{f"T={length}": statistics.median(found["latency_ms"][str(length)] for found in rounds)
           for length in sorted(lengths)},
        "ratio": statistics.median(ratios),
    }  # fmt: skip


def agreement(
    answers: list[Any], reference: list[Any], labels: list[str], names: tuple[str, ...]
) -> dict[str, float]:
    """Columns of the answers; none where nothing was asked."""
    if not labels:
        return {}
    found = _probabilities(answers)
    right = [names[place] == label for place, label in zip(found.argmax(-1), labels, strict=True)]
    return {
        "off": float(np.abs(found - _probabilities(reference)).max()),
        "accuracy": 100 * sum(right) / len(right),
    }


def _probabilities(answers: list[Any]) -> np.ndarray:
    """What a contestant thinks of each class, [N, C]; some files give logits."""
    found = np.asarray(answers, np.float32)
    sure = (found >= 0).all() and np.allclose(found.sum(-1), 1, atol=1e-3)
    return found if sure else softmax(found)


def show(rows: list[dict[str, Any]]) -> None:
    """Prints the table; the first column of a row is its name."""
    columns = list(rows[0])[1:]
    width = 1 + max(len(row["name"]) for row in rows)
    print(" " * width + "".join(f"{column:>9}" for column in columns))
    for row in rows:
        shown = (f"{row[column]:9.{4 if column == 'off' else 2}f}" for column in columns)
        print(f"{row['name']:{width}}" + "".join(shown))
