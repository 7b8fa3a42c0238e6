"""Two worker processes pretrain as one, and stop cleanly when one of them is lost."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf.examples.shards import TokenShards
from albert_tf.training.pretrain import pretrain
from tests.training.test_trainer import OPTIONS, config, repeatable, weights

ROOT = Path(__file__).parents[2]
OPTIONS = replace(OPTIONS, steps=40, steps_per_save=4)
Changes = dict[str, Any]  # of the options
SCRIPT = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
import tensorflow as tf
from albert_tf.examples.shards import TokenShards
from albert_tf.training import callbacks
from albert_tf.training.pretrain import pretrain
from tests.training.test_workers import OPTIONS, without_dropout
folder, out, strategy, pause, changes = sys.argv[1:]
if strategy == "mirrored":
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
watch = callbacks.Guard.on_train_batch_end
def slowly(self, batch, logs=None):
    watch(self, batch, logs)
    time.sleep(float(pause))
callbacks.Guard.on_train_batch_end = slowly
shards = TokenShards(folder)
try:
    options = replace(OPTIONS, distribute=strategy, **json.loads(changes))
    pretrain(shards, without_dropout(shards), options, Path(out))
except (OSError, ValueError, callbacks.Preempted) as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def without_dropout(shards: TokenShards):  # type: ignore[no-untyped-def]
    """Every device draws its own dropout, so only without it are runs equal."""
    return replace(config(shards), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def start(
    shards: TokenShards, folder: Path, strategy: str, pause: float = 0.0,
    changes: Changes | None = None, **variables: str,
) -> subprocess.Popen[str]:  # fmt: skip
    settings = [strategy, str(pause), json.dumps(changes or {})]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, shards.directory, folder, *settings], cwd=ROOT,
        text=True, stderr=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **variables},
    )  # fmt: skip


def start_both(
    shards: TokenShards, folder: Path, pause: float = 0.0, second: Changes | None = None
) -> list[subprocess.Popen[str]]:
    ports = []
    for _ in range(2):
        with socket.socket() as taken:
            taken.bind(("localhost", 0))
            ports.append(taken.getsockname()[1])
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    tasks = [{"type": "worker", "index": index} for index in range(2)]
    configs = [json.dumps({"cluster": cluster, "task": task}) for task in tasks]
    return [
        start(shards, folder, "multi_worker", pause, changes, TF_CONFIG=config)
        for changes, config in zip(({}, second), configs, strict=True)
    ]


def wait_for(step: int, folder: Path, process: subprocess.Popen[str]) -> None:
    while not list(folder.glob(f"checkpoints/step-{step}.index")):
        assert process.poll() is None, process.communicate()[1][-3000:]
        time.sleep(0.05)


def finish(workers: list[subprocess.Popen[str]]) -> None:
    for worker in workers:
        errors = worker.communicate(timeout=600)[1]
        assert worker.returncode == 0, errors[-3000:]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, shards: TokenShards) -> Path:
    """The run on one device."""
    folder = tmp_path_factory.mktemp("workers") / "alone"
    pretrain(shards, without_dropout(shards), OPTIONS, folder)
    return folder


def assert_same_but_for_rounding(first: Path, second: Path) -> None:
    for one, two in zip(weights(first), weights(second), strict=True):
        # float32 rounding, which Adam scales up where a gradient is zero but for it.
        np.testing.assert_allclose(one, two, atol=5e-5)
    logs = [
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for folder in (first, second)
    ]
    assert len(logs[0]) == len(logs[1]) == OPTIONS.steps / OPTIONS.steps_per_save
    for one, two in zip(*map(repeatable, logs), strict=True):
        assert one == pytest.approx(two, abs=1e-4)


@pytest.mark.slow
def test_another_seed_is_the_control_that_ends_elsewhere(
    tmp_path: Path, shards: TokenShards, alone: Path
) -> None:
    pretrain(shards, without_dropout(shards), replace(OPTIONS, seed=1), tmp_path / "other")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_same_but_for_rounding(alone, tmp_path / "other")


@pytest.mark.slow
def test_workers_that_were_told_different_things_all_stop_before_they_train(
    tmp_path: Path, shards: TokenShards
) -> None:
    out = tmp_path / "out"
    for number, worker in enumerate(start_both(shards, out, second={"learning_rate": 0.002})):
        errors = worker.communicate(timeout=300)[1]
        assert worker.returncode == 1
        rate = (OPTIONS.learning_rate, 0.002)[number]
        words = f"ValueError: all workers must .* their learning_rate differs, and is {rate} here"
        assert re.search(words, errors), errors[-3000:]
    assert not out.exists()


@pytest.mark.slow
def test_a_lost_worker_stops_the_other_and_both_continue_to_the_weights_of_one_device(
    tmp_path: Path, shards: TokenShards, alone: Path
) -> None:
    together = tmp_path / "together"
    first, second = start_both(shards, together, pause=0.5)
    wait_for(8, together, first)
    second.kill()
    errors = first.communicate(timeout=300)[1]
    assert first.returncode != 0
    assert "OSError: another worker was lost" in errors, errors[-3000:]
    second.communicate()

    finish(start_both(shards, together))
    assert_same_but_for_rounding(alone, together)


@pytest.mark.slow
def test_two_devices_stop_in_the_middle_and_continue_to_the_weights_of_one(
    tmp_path: Path, shards: TokenShards, alone: Path
) -> None:
    shared = tmp_path / "shared"
    process = start(shards, shared, "mirrored", pause=0.3)
    wait_for(8, shared, process)
    time.sleep(0.7)  # two steps on, in the middle of a stretch of four
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=300)[1]
    assert "Preempted: saved after step" in errors, errors[-3000:]
    assert not (shared / "config.json").exists()

    finish([start(shards, shared, "mirrored")])
    assert_same_but_for_rounding(alone, shared)
