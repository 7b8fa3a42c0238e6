"""Losses, accuracies and scores over steps as a picture.

trainer  ->  [history_plot.plot_history]  ->  history.png
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

# Rows of the picture, by how the metrics they show end; and where their axes end.
_ROWS = {"loss": (0, None), "accuracy": (0, 1), "score": (None, 100)}


def plot_history(logs: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Draws every loss, accuracy and score of each log against its steps, a column per log.

    Args:
        logs: By caption, the entries `trainer.fit` returned.
        path: The PNG to write.
    """
    names = {name for entries in logs.values() for name in entries[0]}
    rows = {
        kind: limits
        for kind, limits in _ROWS.items()
        if kind != "score" or any(name.endswith(kind) for name in names)
    }
    figure = Figure(figsize=(5 * len(logs), 3 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), len(logs), squeeze=False)
    for row, (kind, limits) in zip(panels, rows.items(), strict=True):
        for panel, (caption, entries) in zip(row, logs.items(), strict=True):
            steps = [entry["step"] for entry in entries]
            for name in [name for name in entries[0] if name.endswith(kind)]:
                panel.plot(steps, [entry[name] for entry in entries], label=name, marker=".")
            panel.set(title=caption, xlabel="step", ylabel=kind, ylim=limits)
            if panel.lines:
                panel.legend()
    figure.savefig(path, dpi=120)
