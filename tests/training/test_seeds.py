"""Several seeds are several runs; what was finished is not repeated."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.training.options import FinetuningOptions
from albert_tf.training.run_folder import claim, finish
from albert_tf.training.seeds import finetune_seeds
from tests.training.names import OPTIONS, TASK

ACCURACIES = {5: 50.0, 6: 70.0, 7: 90.0}


class Trainer:
    """Stands for `finetune`: it marks the folder and has a score for each seed."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seeds: list[int] = []
        self.stop_at = stop_at

    def __call__(self, options: FinetuningOptions, folder: Path) -> None:
        self.seeds.append(options.seed)
        with claim(folder, options.identity()):
            if options.seed == self.stop_at:
                raise KeyboardInterrupt
            scores = {"step": 3, "accuracy": ACCURACIES[options.seed], "examples": 4}
            (folder / "scores.json").write_text(json.dumps(scores))
            finish(folder)


def train(trainer: Trainer, out: Path, options: FinetuningOptions, **origin: str) -> object:
    return finetune_seeds(3, trainer, TASK, replace(options, seed=5), out, {"model": "m", **origin})


def test_scores_come_with_their_mean_and_deviation(tmp_path: Path) -> None:
    result = train(Trainer(), tmp_path, OPTIONS)
    assert json.loads((tmp_path / "seeds.json").read_text()) == result
    assert result == {
        "metric": "accuracy",
        "scores": {
            str(seed): {"step": 3, "accuracy": accuracy, "examples": 4}
            for seed, accuracy in ACCURACIES.items()
        },
        "mean": 70.0,
        "standard_deviation": 20.0,  # of the three: sqrt((400 + 0 + 400) / 2)
    }
    assert {path.name for path in tmp_path.glob("seed-*")} == {"seed-5", "seed-6", "seed-7"}


def test_a_stopped_command_goes_on_in_the_run_that_was_cut(tmp_path: Path) -> None:
    first, second = Trainer(stop_at=6), Trainer()
    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path, OPTIONS)
    train(second, tmp_path, OPTIONS)
    assert (first.seeds, second.seeds) == ([5, 6], [6, 7])
    with pytest.raises(FileExistsError, match="holds a finished model"):
        train(Trainer(), tmp_path, OPTIONS)


def test_runs_with_other_settings_or_files_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Trainer(stop_at=6), tmp_path, OPTIONS)
    with pytest.raises(ValueError, match="an unfinished run whose learning_rate was"):
        train(Trainer(), tmp_path, replace(OPTIONS, learning_rate=1.0))
    with pytest.raises(ValueError, match="an unfinished run whose model was 'm', not 'n'"):
        train(Trainer(), tmp_path, OPTIONS, model="n")


def test_several_workers_are_refused(tmp_path: Path) -> None:
    options = replace(OPTIONS, distribute="multi_worker")
    with pytest.raises(ValueError, match="without distribute='multi_worker'"):
        finetune_seeds(2, Trainer(), TASK, options, tmp_path, {})
    assert not list(tmp_path.iterdir())


def test_one_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"seeds must be at least 2, .*; got 1"):
        finetune_seeds(1, Trainer(), TASK, OPTIONS, tmp_path, {})
