"""A run that was cut short ends exactly where an uninterrupted one does."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.examples.shards import TokenShards
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.training import callbacks
from albert_tf.training import pretrain as pretraining
from albert_tf.training.callbacks import SPEED_METRICS, Diverged, Guard, Preempted
from albert_tf.training.checkpoints import Checkpoints
from albert_tf.training.pretrain import PretrainingOptions, pretrain

OPTIONS = PretrainingOptions(
    sequence_length=32, batch_size=4, steps=7, warmup_steps=2, steps_per_save=2,
    optimizer="adamw", learning_rate=1e-3,
)  # fmt: skip
ROOT = Path(__file__).parents[2]
Entries = list[dict[str, float]]


def config(shards: TokenShards) -> AlbertConfig:
    return AlbertConfig(
        vocab_size=shards.tokenizer.vocab_size, embedding_size=8, hidden_size=12,
        num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32,
        hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,  # random state must survive
    )  # fmt: skip


def weights(folder: Path) -> list[np.ndarray]:
    return AlbertPretrainer.from_preset(str(folder), compile=False).get_weights()


def repeatable(entries: Entries) -> Entries:
    """The log without what depends on the machine."""
    return [
        {name: value for name, value in entry.items() if name not in SPEED_METRICS}
        for entry in entries
    ]


def assert_same_run(first: Path, second: Path) -> None:
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(one, other)
    logs = [
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for folder in (first, second)
    ]
    assert repeatable(logs[0]) == repeatable(logs[1])


class Killed(Exception):
    """Stands for kill -9: raised where no code of ours expects it."""


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch, stop: object) -> None:
    """Makes something happen after a step of the run."""
    watch = Guard.on_train_batch_end

    def on_train_batch_end(self: Guard, batch: int, logs: dict[str, float] | None = None) -> None:
        watch(self, batch, logs)
        if self._step == step:
            stop()  # type: ignore[operator]

    monkeypatch.setattr(Guard, "on_train_batch_end", on_train_batch_end)


def kill() -> None:
    raise Killed


def train_until_killed(shards: TokenShards, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills the run after step 5, between the saves after 4 and 6."""
    with monkeypatch.context() as patch:
        stop_at(5, patch, kill)
        with pytest.raises(Killed):
            pretrain(shards, config(shards), OPTIONS, folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, shards: TokenShards) -> Path:
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    pretrain(shards, config(shards), OPTIONS, folder)
    return folder


def test_a_killed_run_continues_to_the_same_weights(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut"
    train_until_killed(shards, cut, monkeypatch)
    assert not (cut / "model.weights.h5").exists()
    continued = pretrain(shards, config(shards), OPTIONS, cut)

    assert [entry["step"] for entry in continued] == [2, 4, 6, 7]
    assert continued[0]["tokens_per_second"] > 0 < continued[0]["flops_utilization"] < 1
    assert_same_run(whole, cut)
    assert (cut / "history.png").stat().st_size > 1000
    with pytest.raises(FileExistsError, match="holds a finished model"):
        pretrain(shards, config(shards), OPTIONS, cut)


def test_another_seed_is_the_control_that_ends_elsewhere(
    tmp_path: Path, shards: TokenShards, whole: Path
) -> None:
    pretrain(shards, config(shards), replace(OPTIONS, seed=1), tmp_path / "other")
    assert not np.array_equal(weights(tmp_path / "other")[0], weights(whole)[0])


@pytest.mark.slow
def test_sigterm_saves_between_two_saves_and_the_run_goes_on_from_there(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, before = tmp_path / "cut", signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        stop_at(5, patch, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Preempted, match="saved after step 5"):
            pretrain(shards, config(shards), OPTIONS, cut)
    assert signal.getsignal(signal.SIGTERM) == before  # given back
    seen: list[int] = []
    with monkeypatch.context() as patch:
        stop_at(6, patch, lambda: seen.append(6))
        stop_at(5, patch, lambda: seen.append(5))
        pretrain(shards, config(shards), OPTIONS, cut)
    assert seen == [6]  # step 5 was not repeated
    assert_same_run(whole, cut)


@pytest.mark.slow
@pytest.mark.parametrize("step", [6, 7])
def test_sigterm_in_the_last_step_of_a_stretch_loses_no_entry_of_the_log(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    cut = tmp_path / "cut"
    with monkeypatch.context() as patch:
        stop_at(step, patch, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Preempted, match=f"saved after step {step}"):
            pretrain(shards, config(shards), OPTIONS, cut)
    pretrain(shards, config(shards), OPTIONS, cut)
    assert_same_run(whole, cut)


@pytest.mark.slow
def test_a_run_killed_before_its_model_was_saved_is_only_saved(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut"
    with monkeypatch.context() as patch:
        patch.setattr(AlbertPretrainer, "save_to_preset", lambda *_: kill())
        with pytest.raises(Killed):
            pretrain(shards, config(shards), OPTIONS, cut)
    pretrain(shards, config(shards), OPTIONS, cut)
    assert_same_run(whole, cut)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    cut = tmp_path / "cut"
    train_until_killed(shards, cut, monkeypatch)
    data = cut / "checkpoints" / "step-4.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 64
    data.write_bytes(content[:9] if damage == "cut" else content)
    with pytest.warns(UserWarning, match="step-4 is damaged"):
        pretrain(shards, config(shards), OPTIONS, cut)
    assert_same_run(whole, cut)


def test_when_all_checkpoints_are_damaged_nothing_is_trained(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    Checkpoints(model, tmp_path).save()
    (data,) = tmp_path.glob("*.data*")
    data.write_bytes(data.read_bytes()[:9])
    with (
        pytest.warns(UserWarning, match="step-0 is damaged"),
        pytest.raises(ValueError, match=f"every checkpoint in {tmp_path} is damaged"),
    ):
        Checkpoints(model, tmp_path).restore()


def test_what_a_killed_save_left_is_cleared_away(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    left = tmp_path / "step-7_temp"
    left.mkdir()
    (left / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    saved = Checkpoints(model, tmp_path)
    assert not left.exists()
    assert saved.restore() == 0


def test_a_checkpoint_that_cannot_be_written_is_an_error_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    saved = Checkpoints(model, tmp_path)
    saved.save()
    model.optimizer.iterations.assign(5)
    before = model.get_weights()
    left = tmp_path / "step-5_temp"

    def full(path: str) -> None:
        left.mkdir()
        raise tf.errors.ResourceExhaustedError(None, None, "{{node a_1}} no space; No space left")

    with monkeypatch.context() as patch:
        patch.setattr(saved._checkpoint, "write", full)
        with pytest.raises(
            OSError, match=r"written to .*: no space; No space left\. The one before"
        ):
            saved.save()
    assert not left.exists()
    model.set_weights([value + 1 for value in before])
    assert Checkpoints(model, tmp_path).restore() == 0
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_workers_that_save_at_once_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    first, second = (Checkpoints(model, tmp_path / "run", chief=False) for _ in range(2))
    write = first._checkpoint.write

    def write_then_wait(path: str) -> None:
        write(path)
        second.save()

    monkeypatch.setattr(first._checkpoint, "write", write_then_wait)
    first.save()
    assert not list(tmp_path.iterdir())


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    saved = Checkpoints(model, tmp_path)
    for step in (9, 10, 11):
        model.optimizer.iterations.assign(step)
        saved.save()
    assert {path.name for path in tmp_path.glob("*.index")} == {"step-10.index", "step-11.index"}


def test_what_a_run_was_restored_from_is_kept_until_two_newer_ones_are_whole(
    tmp_path: Path,
) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")

    def save(step: int, saved: Checkpoints) -> list[str]:
        model.optimizer.iterations.assign(step)
        saved.save()
        return sorted(path.stem for path in tmp_path.glob("*.index"))

    def damage(step: int) -> None:
        (data,) = tmp_path.glob(f"step-{step}.data*")
        data.write_bytes(data.read_bytes()[:9])

    first = Checkpoints(model, tmp_path)
    assert save(4, first) == ["step-4"]
    assert save(5, first) == ["step-4", "step-5"]
    damage(5)
    second = Checkpoints(model, tmp_path)
    with pytest.warns(UserWarning, match="step-5 is damaged"):
        assert second.restore() == 4
    assert save(4, second) == ["step-4", "step-5"]  # at a lower rate, say
    assert save(6, second) == ["step-4", "step-6"]
    damage(6)
    with pytest.warns(UserWarning, match="step-6 is damaged"):
        assert Checkpoints(model, tmp_path).restore() == 4


def test_a_broken_loss_before_any_save_stops_with_advice(
    tmp_path: Path, shards: TokenShards
) -> None:
    wild = replace(OPTIONS, learning_rate=1e38, warmup_steps=0, steps_per_save=7)
    words = "loss must be finite; got .* before anything was saved.* lower learning rate"
    with pytest.raises(ValueError, match=words):
        pretrain(shards, config(shards), wild, tmp_path)
    assert not list(tmp_path.glob("checkpoints/*.index"))
    assert not (tmp_path / "config.json").exists()


def poison(monkeypatch: pytest.MonkeyPatch, *, once: bool) -> None:
    """Makes the weights of the batch of step 6 NaN, always or only the first time."""
    make = pretraining.pretraining_batches
    poisoned: list[int] = []

    def batches(*settings: Any) -> Any:
        make_batch = make(*settings)

        def batch(step: int) -> Any:
            inputs, targets, weights = make_batch(step)
            weights = {name: value.astype(np.float32) for name, value in weights.items()}
            if step == 5 and not (once and poisoned):
                poisoned.append(step)
                weights["mlm"][:] = np.nan
            return inputs, targets, weights

        return batch

    monkeypatch.setattr(pretraining, "pretraining_batches", batches)


@pytest.mark.slow
def test_a_broken_run_goes_back_and_on_at_half_the_rate(
    tmp_path: Path, shards: TokenShards, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, once=True)
    words = r"loss must be finite; got nan at step 6; went back to step 4 with 0\.5 of the learning"
    with pytest.warns(UserWarning, match=words):
        log = pretrain(shards, config(shards), OPTIONS, tmp_path)
    assert [entry["step"] for entry in log] == [2, 4, 6, 7]
    expected = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    losses, straight = ([entry["loss"] for entry in entries] for entries in (log, expected))
    assert losses[:2] == pytest.approx(straight[:2], rel=1e-6)  # weights are floats here
    # Steps 5 and 6 begin from the same weights; the seventh from those of a lower rate.
    assert np.isfinite(losses).all()
    assert losses[3] != pytest.approx(straight[3], rel=1e-6)
    assert (tmp_path / "config.json").exists()


def test_a_run_that_breaks_at_every_rate_stops(
    tmp_path: Path, shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, once=False)
    with (
        warnings.catch_warnings(record=True, action="always") as caught,
        pytest.raises(ValueError, match="got nan at step 6, after 3 attempts with lower rates"),
    ):
        pretrain(shards, config(shards), OPTIONS, tmp_path)
    said = [str(warning.message) for warning in caught if "rate" in str(warning.message)]
    assert [line.rpartition("with ")[2].split()[0] for line in said] == ["0.5", "0.25", "0.125"]
    assert not (tmp_path / "config.json").exists()


def test_broken_weights_and_spikes_never_reach_a_checkpoint() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="last")])
    model.compile("adam", "mse")
    guard = Guard([{"loss": 4.0}, {"loss": 3.0}], spike=2.0)
    guard.set_model(model)
    guard.on_epoch_end(2, {"loss": 4.9})
    with pytest.raises(Diverged, match=r"loss rose from 3\.000 to 5\.100 by step 0"):
        guard.on_epoch_end(2, {"loss": 5.1})
    model.layers[-1].bias.assign([1.0, np.nan])
    with pytest.raises(Diverged, match=r"weights must be finite; .*last/bias is not at step 0"):
        guard.on_epoch_end(2, {"loss": 3.0})


def test_a_log_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 2}\n{"step": 4}\n{"st')
    log = callbacks.Log(path, keep=2)
    assert log.entries == [{"step": 2}, {"step": 4}]
    assert path.read_text() == '{"step": 2}\n{"step": 4}\n'


def test_a_full_disk_is_named_with_the_file_and_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = r"{} cannot be written; the disk may be full: .*No space left on device.* repeat the"
    log = callbacks.Log(tmp_path / "metrics.jsonl", keep=0)
    (tmp_path / "metrics.jsonl.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=words.format("metrics.jsonl")):
        log._write(["{}"])

    def full() -> None:  # as TensorFlow says it
        raise tf.errors.ResourceExhaustedError(None, None, "events.7; No space left on device")

    events = callbacks.Events(tmp_path / "tensorboard")
    monkeypatch.setattr(events._writer, "flush", full)
    events.set_model(keras.Sequential([keras.Input((3,))]))
    events.model.compile("sgd", "mse")
    with pytest.raises(OSError, match=words.format("tensorboard")):
        events.on_epoch_end(0, {"loss": 1.0})


@pytest.mark.parametrize("wrong", [{"warmup_steps": 8}, {"precision": "mixed_float16"}])
def test_a_run_that_is_refused_leaves_its_folder_free(
    tmp_path: Path, shards: TokenShards, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"warmup_steps must be|precision must be one of"):
        pretrain(shards, config(shards), replace(OPTIONS, **wrong), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_several_steps_at_once_are_the_same_run(
    tmp_path: Path, shards: TokenShards, whole: Path
) -> None:
    # Saves are every two steps, so one of three is left over each time.
    pretrain(shards, config(shards), replace(OPTIONS, steps_per_execution=3), tmp_path / "3")
    assert_same_run(whole, tmp_path / "3")


def test_infinite_weights_are_not_saved_when_the_process_is_told_to_stop(
    tmp_path: Path, shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison_and_stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(callbacks, "broken_weight", lambda model: None)
    stop_at(5, monkeypatch, poison_and_stop)
    stop_at(5, monkeypatch, lambda: monkeypatch.setattr(callbacks, "broken_weight", str))
    with pytest.raises(Preempted, match="stopped at the last save"):
        pretrain(shards, config(shards), OPTIONS, tmp_path)
    assert {path.name for path in tmp_path.glob("checkpoints/*.index")} == {
        "step-2.index", "step-4.index",
    }  # fmt: skip


def test_a_step_that_fails_is_an_error_in_plain_words(
    tmp_path: Path, shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise tf.errors.ResourceExhaustedError(
            None, None,
            "Graph execution error:\n\nDetected at node x defined at (most recent call last):\n"
            "<stack traces unavailable>\nOOM when allocating\n\t [[{{node x}}]] [Op:__inference_1]",
        )  # fmt: skip

    stop_at(5, monkeypatch, fail)
    with pytest.raises(ValueError, match=r"memory than there is: OOM when allocating.* Give micro"):
        pretrain(shards, config(shards), OPTIONS, tmp_path)


def test_what_made_a_step_fail_is_said(
    tmp_path: Path, shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = pretraining.pretraining_batches

    def batches(*settings: Any) -> Any:
        make_batch = make(*settings)

        def batch(step: int) -> Any:
            if step == 5:
                raise ValueError("a.tfrecord is cut short")
            return make_batch(step)

        return batch

    monkeypatch.setattr(pretraining, "pretraining_batches", batches)
    with pytest.raises(ValueError, match=r"^a step failed: ValueError: a\.tfrecord is cut short$"):
        pretrain(shards, config(shards), OPTIONS, tmp_path)


def test_events_are_written_against_steps(whole: Path) -> None:
    (file,) = (whole / "tensorboard").glob("events*")
    steps = {
        event.step for event in tf.compat.v1.train.summary_iterator(str(file))
        if event.summary.value
    }  # fmt: skip
    assert steps == {2, 4, 6, 7}


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path, shards: TokenShards) -> None:
    with pytest.raises(ValueError, match="vocab_size must be that of the vocabulary"):
        pretrain(shards, AlbertConfig(), OPTIONS, tmp_path)


@pytest.mark.slow
def test_the_random_state_of_keras_is_set(tmp_path: Path, shards: TokenShards) -> None:
    keras.utils.set_random_seed(99)
    first = pretrain(shards, config(shards), OPTIONS, tmp_path / "first")
    keras.utils.set_random_seed(5)
    second = pretrain(shards, config(shards), OPTIONS, tmp_path / "second")
    assert repeatable(first) == repeatable(second)


def test_rates_grow_with_the_root_of_the_batch() -> None:
    paper = PretrainingOptions(batch_size=4096, steps=125_000)
    assert (paper.optimizer, paper.peak_rate, paper.warmup) == ("lamb", 0.00176, 3125)
    assert replace(paper, batch_size=1024).peak_rate == 0.00088
    assert replace(paper, learning_rate=0.5, warmup_steps=7).peak_rate == 0.5


KILL_SCRIPT = """
import sys
from pathlib import Path
from typing import Any
from albert_tf.examples.shards import TokenShards
from albert_tf.training.pretrain import pretrain
from tests.training.test_trainer import KILL_OPTIONS, config
shards = TokenShards(sys.argv[1])
pretrain(shards, config(shards), KILL_OPTIONS, Path(sys.argv[2]))
"""
KILL_OPTIONS = replace(OPTIONS, steps=600, steps_per_save=5)


def start(shards: TokenShards, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", KILL_SCRIPT, str(shards.directory), str(folder)], cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_kill_9_at_random_moments_changes_nothing(tmp_path: Path, shards: TokenShards) -> None:
    """Saves take about as long as the steps between them, so that many kills meet a save."""
    pretrain(shards, config(shards), KILL_OPTIONS, tmp_path / "whole")
    cut, rng, kills = tmp_path / "cut", np.random.default_rng(0), 0
    while kills < 12:
        process = start(shards, cut)
        log = cut / "metrics.jsonl"
        seen = log.read_bytes() if log.exists() else b""
        while process.poll() is None and (not log.exists() or log.read_bytes() == seen):
            time.sleep(0.005)  # until it has made progress, so that the test ends
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
    process = start(shards, cut) if kills == 12 else process
    errors = process.communicate()[1]
    assert process.returncode == 0, errors.decode()[-2000:]
    assert kills >= 10
    assert_same_run(tmp_path / "whole", cut)
