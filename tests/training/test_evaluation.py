"""The model that is saved is the one that answered best, whatever stopped the run."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from albert_tf.models.saved import load_task_model
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training import callbacks
from albert_tf.training.callbacks import SPEED_METRICS
from albert_tf.training.evaluate import load
from albert_tf.training.evaluation import Evaluation, best_save
from albert_tf.training.finetune import finetune
from albert_tf.training.options import FinetuningOptions
from tests.training.names import OPTIONS, TASK, TRAINING, VALIDATION, write_pretrained

ROOT = Path(__file__).parents[2]
SCORE = "val_accuracy_score"


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    return write_pretrained(tmp_path_factory.mktemp("runs") / "pretrained", tokenizer)


def train(
    pretrained: Path, out: Path, options: FinetuningOptions = OPTIONS
) -> list[dict[str, float]]:
    return finetune(TASK, pretrained, TRAINING, VALIDATION, options, out)


def weights(folder: Path) -> list[np.ndarray]:
    return load_task_model(folder, "classification").get_weights()


def entries(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [
        {name: value for name, value in json.loads(line).items() if name not in SPEED_METRICS}
        for line in lines
    ]


def assert_same_run(first: Path, second: Path) -> None:
    assert entries(first) == entries(second)
    assert json.loads((second / "scores.json").read_text())["step"] == 6
    assert (first / "scores.json").read_text() == (second / "scores.json").read_text()
    assert (first / "predictions.jsonl").read_text() == (second / "predictions.jsonl").read_text()
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(one, other)


def script_scores(monkeypatch: pytest.MonkeyPatch, *scores: float) -> list[list[np.ndarray]]:
    """Makes the saves of a run score as told; returns the weights of each, which grow."""
    left, seen = list(scores), []
    watch = Evaluation.on_epoch_end

    def on_epoch_end(self: Evaluation, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seen.append(self.model.get_weights())
        with monkeypatch.context() as patch:
            told = {"accuracy": left.pop(0), "examples": 4}
            patch.setattr(ClassificationTask, "score", lambda *_: told)
            watch(self, epoch, logs)

    monkeypatch.setattr(Evaluation, "on_epoch_end", on_epoch_end)
    return seen


# The best save is the second of four, and the third is as good.
SCORES = {3: 25.0, 6: 75.0, 9: 75.0, 12: 50.0}


def score_by_step(patch: pytest.MonkeyPatch) -> None:
    """Makes the score of a save known beforehand, in whatever process it is taken."""
    patch.setattr(
        Evaluation, "_agreed", lambda self, _: {SCORE: SCORES[callbacks.steps_taken(self.model)]}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, pretrained: Path) -> Path:
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        score_by_step(patch)
        train(pretrained, folder)
    return folder


@pytest.mark.slow
def test_the_logged_score_is_that_of_the_answers(tmp_path: Path, pretrained: Path) -> None:
    log = train(pretrained, tmp_path / "out")
    assert [entry["step"] for entry in log] == [3, 6, 9, 12]
    model = load(tmp_path / "out")
    scores = TASK.score(VALIDATION, list(model.predict_all(VALIDATION)))
    assert scores["accuracy"] == max(entry[SCORE] for entry in log)
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == {
        "step": log[best_save(log, TASK)]["step"], **scores,
    }  # fmt: skip


@pytest.mark.slow
def test_the_earlier_of_two_best_saves_is_the_one_that_is_saved(
    tmp_path: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = script_scores(monkeypatch, 25.0, 75.0, 75.0, 50.0)
    log = train(pretrained, tmp_path / "out")
    assert [entry[SCORE] for entry in log] == [25.0, 75.0, 75.0, 50.0]
    saved = weights(tmp_path / "out")
    for one, other in zip(saved, seen[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(saved[0], seen[2][0])  # the control: weights do move
    # The best one, and the best before it, which a restart may need.
    assert {path.name for path in (tmp_path / "out" / "best").iterdir()} == {
        "step-3.weights.h5", "step-6.weights.h5",
    }  # fmt: skip


def test_a_score_that_is_not_a_number_is_never_the_best() -> None:
    log = [{SCORE: float("nan")}, {SCORE: -3.0}, {SCORE: float("nan")}]
    assert best_save(log, TASK) == 1


def test_patience_ends_a_run_that_does_not_get_better(
    tmp_path: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_scores(monkeypatch, 25.0, 75.0, 75.0, 50.0, 99.0)
    options = replace(OPTIONS, epochs=5, patience=2)
    log = train(pretrained, tmp_path / "out", options)
    assert [entry[SCORE] for entry in log] == [25.0, 75.0, 75.0, 50.0]
    with pytest.raises(FileExistsError, match="finished model"):
        train(pretrained, tmp_path / "out", options)


@pytest.mark.slow
def test_a_run_that_patience_ended_is_only_saved_when_it_is_repeated(
    tmp_path: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(OPTIONS, epochs=5, patience=1)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        seen = script_scores(patch, 75.0, 50.0)
        patch.setattr("albert_tf.training.finetune.write_task", no_space)
        with pytest.raises(OSError, match="No space left"):
            train(pretrained, tmp_path / "out", options)
    log = train(pretrained, tmp_path / "out", options)
    assert [entry["step"] for entry in log] == [3, 6]
    np.testing.assert_array_equal(weights(tmp_path / "out")[0], seen[0][0])


class Killed(Exception):
    """Stands for kill -9: raised where no code of ours expects it."""


def kill() -> None:
    raise Killed


def stop(where: str, step: int, end: Any, patch: pytest.MonkeyPatch) -> None:
    """Ends a run in the step, after its score was taken, or after the best was written."""
    names = {
        "the step": (callbacks.Guard, "on_train_batch_end"),
        "the score": (Evaluation, "_agreed"),
        "the best": (callbacks.Log, "on_epoch_end"),
        "the log": (callbacks.SaveOrStop, "on_epoch_end"),
    }
    kind, name = names[where]
    do = getattr(kind, name)

    def stopped(self: Any, *arguments: Any, **settings: Any) -> Any:
        if callbacks.steps_taken(self.model) == step:
            end()
        return do(self, *arguments, **settings)

    patch.setattr(kind, name, stopped)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "step"),
    [
        ("the step", 5),
        ("the best", 6),
        pytest.param("the score", 6, marks=pytest.mark.slow),
        pytest.param("the log", 9, marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_with_the_same_best_model(
    tmp_path: Path,
    pretrained: Path,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    step: int,
) -> None:
    score_by_step(monkeypatch)
    with monkeypatch.context() as patch:
        stop(where, step, kill, patch)
        with pytest.raises(Killed):
            train(pretrained, tmp_path / "cut")
    train(pretrained, tmp_path / "cut")
    assert_same_run(whole, tmp_path / "cut")


SCRIPT = """
import os, signal, sys
from pathlib import Path
import pytest
from tests.training import test_evaluation as ours
pretrained, out, where, step = sys.argv[1:]
with pytest.MonkeyPatch.context() as patch:
    ours.score_by_step(patch)
    if step != "0":
        end = lambda: os.kill(os.getpid(), signal.SIGKILL)
        ours.stop(where, int(step), end, patch)
    ours.train(Path(pretrained), Path(out))
"""


def run_script(pretrained: Path, out: Path, where: str, step: int) -> int:
    command = [sys.executable, "-c", SCRIPT, str(pretrained), str(out), where, str(step)]
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()[-2000:]
    return done.returncode


@pytest.mark.slow
def test_kill_9_between_the_best_and_its_checkpoint_changes_nothing(
    tmp_path: Path, pretrained: Path, whole: Path
) -> None:
    cut = tmp_path / "cut"
    for where, step in (("the step", 2), ("the best", 3), ("the log", 6), ("the step", 10)):
        assert run_script(pretrained, cut, where, step) == -signal.SIGKILL
    assert run_script(pretrained, cut, "the step", 0) == 0
    assert_same_run(whole, cut)


@pytest.mark.slow
def test_a_run_whose_best_weights_are_gone_says_so(
    tmp_path: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: Evaluation, model: keras.Model) -> None:
        for path in (tmp_path / "out" / "best").iterdir():
            path.unlink()
        restore(self, model)

    restore = Evaluation.restore
    monkeypatch.setattr(Evaluation, "restore", lose)
    with pytest.raises(ValueError, match=r"step-\d+.weights.h5, the best weights .* is missing"):
        train(pretrained, tmp_path / "out", replace(OPTIONS, epochs=1))


def test_the_best_weights_are_an_ordinary_keras_file(whole: Path) -> None:
    (path, *_) = sorted((whole / "best").iterdir())
    with h5py.File(path) as file:
        assert len(file.keys()) > 0


def test_a_loss_that_breaks_names_a_rate_to_try(tmp_path: Path, pretrained: Path) -> None:
    wild = replace(OPTIONS, learning_rate=1e38, warmup_share=0.0)
    with pytest.raises(
        ValueError, match=r"before anything was saved.*learning rate, such as 1e\+3"
    ):
        train(pretrained, tmp_path / "out", wild)
