"""A strategy is what its name says, or an error says what is missing."""

import subprocess
import sys

import pytest
import tensorflow as tf

from albert_tf.training.distribution import devices, is_chief, scope, strategy


def test_no_strategy_is_one_device() -> None:
    assert strategy("none") is None
    assert devices(None) == 1
    assert is_chief(None)
    with scope(None):
        assert not tf.distribute.has_strategy()


def test_a_strategy_that_cannot_be_had_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(ValueError, match="unknown strategy 'all'; choose one of none, mirrored"):
        strategy("all")
    with pytest.raises(ValueError, match="environment variable TF_CONFIG to name two or more"):
        strategy("multi_worker")
    if not tf.config.list_physical_devices("GPU"):
        with pytest.raises(ValueError, match="mirrored needs a GPU; this machine has none"):
            strategy("mirrored")
    with pytest.raises(ValueError, match="no TPU was found"):
        strategy("tpu")


def test_a_single_worker_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    lone = '{"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", lone)
    with pytest.raises(ValueError, match="two or more workers"):
        strategy("multi_worker")


@pytest.mark.parametrize(("task", "writes"), [(0, True), (1, False)])
def test_the_first_worker_writes(task: int, writes: bool) -> None:
    class Resolver:
        task_type, task_id = "worker", task

        def cluster_spec(self) -> tf.train.ClusterSpec:
            return tf.train.ClusterSpec({"worker": ["localhost:1", "localhost:2"]})

    class Strategy:
        cluster_resolver = Resolver()

    assert is_chief(Strategy()) is writes  # type: ignore[arg-type]


def test_a_chief_writes_and_no_worker_beside_it() -> None:
    class Resolver:
        task_type, task_id = "worker", 0

        def cluster_spec(self) -> tf.train.ClusterSpec:
            return tf.train.ClusterSpec({"chief": ["localhost:1"], "worker": ["localhost:2"]})

    class Strategy:
        cluster_resolver = Resolver()

    assert not is_chief(Strategy())  # type: ignore[arg-type]
    Resolver.task_type = "chief"
    assert is_chief(Strategy())  # type: ignore[arg-type]


@pytest.mark.slow
def test_runs_of_one_process_may_have_other_shapes() -> None:
    script = """
import sys
import keras, numpy as np, tensorflow as tf
from albert_tf.training import distribution
strategy = distribution.strategy if sys.argv[1] == "ours" else distribution.strategy.__wrapped__
devices = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
for classes in (2, 3):
    with distribution.scope(strategy("mirrored")):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(classes)])
        model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, classes)), verbose=0)
"""
    # The control: a strategy made anew breaks.
    for kind, code in (("ours", 0), ("anew", 1)):
        ended = subprocess.run(
            [sys.executable, "-c", script, kind], capture_output=True, text=True, check=False
        )
        assert ended.returncode == code, ended.stderr[-2000:]
        assert ("Graph execution error" in ended.stderr) == (kind == "anew")


def test_a_mirrored_strategy_builds_models_in_its_scope() -> None:
    found = tf.distribute.MirroredStrategy(["CPU:0"])
    assert devices(found) == 1
    with scope(found):
        assert tf.distribute.get_strategy() is found
