"""Every loss and every accuracy of a log is drawn."""

from pathlib import Path

from matplotlib.image import imread

from albert_tf.training.history_plot import plot_history

ENTRIES = [
    {"step": step, "loss": 3 / step, "mlm_loss": 2 / step, "mlm_accuracy": step / 9, "other": 1.0}
    for step in (1, 2, 3)
]


def test_a_picture_has_a_column_for_each_log(tmp_path: Path) -> None:
    plot_history({"one": ENTRIES}, tmp_path / "one.png")
    plot_history({"one": ENTRIES, "two": ENTRIES[:1]}, tmp_path / "two.png")
    one, two = imread(tmp_path / "one.png"), imread(tmp_path / "two.png")
    assert two.shape[1] == 2 * one.shape[1]
    assert len({tuple(pixel) for pixel in one.reshape(-1, one.shape[-1])[::7]}) > 5  # not blank


def test_a_log_without_accuracies_is_drawn_all_the_same(tmp_path: Path) -> None:
    plot_history({"bare": [{"step": 1, "loss": 2.0}]}, tmp_path / "bare.png")
    assert (tmp_path / "bare.png").stat().st_size > 1000
