"""Loss over steps as a picture.

trainer  ->  [history_plot.plot_losses]  ->  history.png
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure


def plot_losses(logs: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Draws every loss of each log against its steps, one panel per log.

    Args:
        logs: By caption, the entries `trainer.fit` returned.
        path: The PNG to write.
    """
    figure = Figure(figsize=(5 * len(logs), 3.5), layout="constrained")
    panels = figure.subplots(1, len(logs), squeeze=False)[0]
    for panel, (caption, entries) in zip(panels, logs.items(), strict=True):
        steps = [entry["step"] for entry in entries]
        for name in entries[0]:
            if name.endswith("loss"):
                panel.plot(steps, [entry[name] for entry in entries], label=name, marker=".")
        panel.set(title=caption, xlabel="step", ylabel="loss", ylim=(0, None))
        panel.legend()
    figure.savefig(path, dpi=120)
