"""The same global batch gives the same weights on one device, on two, and on two workers.

After 20 steps float32 differs by its rounding alone. Most of that is in the key biases: their
gradient is zero but for rounding, which the optimizers scale up. Hence ROUNDING; what Keras does
by itself is further off by orders of magnitude, or raises.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from albert_tf.models.backbone import INPUT_NAMES
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.pretrainer import AlbertPretrainer
from tests.models import replicas

ROUNDING = 5e-5
WRONG = 1e-3  # the least that counts as another result
ROOT = Path(__file__).parents[2]
INEXACT = ("stock", "bfloat16", "dropout")  # masks are drawn by every device
EXACT = [name for name in replicas.CASES if not name.startswith(INEXACT)]
STOCK = [name for name in replicas.CASES if name.startswith("stock")]
WORKER_CASES = [
    "adamw", "lamb", "clip", "everything", "uneven", "steps_left_over", "metrics", "stock_sgd",
]  # fmt: skip
Results = dict[str, dict[str, Any]]


def start(mode: str, out: Path, cases: list[str], **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.models.replicas", mode, str(out), *cases]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **variables}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def collect(process: subprocess.Popen[str], out: Path) -> Results:
    errors = process.communicate(timeout=900)[1]
    assert process.returncode == 0, errors[-2000:]
    results: Results = {}
    with np.load(out) as arrays:
        for key, value in arrays.items():
            case, _, name = key.partition(":")
            results.setdefault(case, {})[name] = value
    return results


def run(mode: str, folder: Path, cases: list[str]) -> Results:
    out = folder / f"{mode}.npz"
    return collect(start(mode, out, cases), out)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        return int(taken.getsockname()[1])


def distance(first: dict[str, Any], second: dict[str, Any]) -> float:
    """The largest difference of any weight or metric."""
    assert "raised" not in first, first["raised"]
    assert "raised" not in second, second["raised"]
    assert first.keys() == second.keys()
    return max(np.abs(np.float64(first[name]) - np.float64(second[name])).max() for name in first)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run("one", tmp_path_factory.mktemp("one"), list(replicas.CASES))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run("two", tmp_path_factory.mktemp("two"), list(replicas.CASES))


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    folder = tmp_path_factory.mktemp("workers")
    addresses = [f"localhost:{free_port()}" for _ in range(2)]
    running = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        out = folder / f"{index}.npz"
        running.append((start("worker", out, WORKER_CASES, TF_CONFIG=config), out))
    return [collect(process, out) for process, out in running]


@pytest.mark.slow
def test_two_devices_equal_one_with_everything_switched_on(tmp_path: Path) -> None:
    results = [run(mode, tmp_path, ["everything"])["everything"] for mode in ("one", "two")]
    assert distance(*results) < ROUNDING
    assert results[0]["loss"] > 1  # it did train on something


@pytest.mark.slow
@pytest.mark.parametrize("case", EXACT)
def test_two_devices_equal_one(case: str, one: Results, two: Results) -> None:
    assert distance(one[case], two[case]) < ROUNDING


@pytest.mark.slow
def test_layer_decay_is_a_control_that_ends_elsewhere(one: Results) -> None:
    assert distance(one["adamw"], one["layer_decay"]) > WRONG
    assert distance(one["lamb"], one["lamb_layer_decay"]) > WRONG


@pytest.mark.slow
def test_bfloat16_on_two_devices_is_as_close_as_it_counts(one: Results, two: Results) -> None:
    # bfloat16 keeps 8 bits: a gradient of one device is rounded before the sum, and Adam turns
    # that into as much of its steps. Measured: 0.0042, and 0.107 of Keras alone, the control.
    bound = 0.0085
    assert 0 < distance(one["bfloat16"], two["bfloat16"]) < bound
    assert distance(one["stock_bfloat16"], two["stock_bfloat16"]) > 2 * bound


@pytest.mark.slow
def test_keras_alone_is_the_control_that_fails(one: Results, two: Results) -> None:
    for case in ("stock_sgd", "stock_adamw", "stock_clip"):  # weights, repeated rows, clipping
        assert distance(one[case], two[case]) > WRONG
    for case in ("stock_several_steps", "stock_xla", "stock_accumulation"):
        assert "raised" in two[case]
        assert "raised" not in one[case]


@pytest.mark.slow
@pytest.mark.parametrize("case", WORKER_CASES[:-1])
def test_two_workers_equal_one_device(case: str, one: Results, workers: list[Results]) -> None:
    for worker in workers:
        assert distance(one[case], worker[case]) < ROUNDING
    assert distance(workers[0][case], workers[1][case]) == 0


@pytest.mark.slow
def test_keras_alone_fails_on_two_workers(workers: list[Results]) -> None:
    assert "raised" in workers[0]["stock_sgd"]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adamw", "lamb"])
def test_micro_batches_equal_the_whole_batch(optimizer: str, one: Results) -> None:
    divided = "micro_batches" if optimizer == "adamw" else "lamb_micro_batches"
    assert distance(one[optimizer], one[divided]) < ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("case", ["dropout", "dropout_everything"])
def test_activations_computed_again_drop_the_same_places(
    case: str, one: Results, two: Results
) -> None:
    for results in (one, two):
        assert distance(results[case], results[f"{case}_remat"]) < ROUNDING
    without = {"dropout": "adamw", "dropout_everything": "everything"}[case]
    assert distance(one[case], one[without]) > WRONG  # the control: it did drop some


def batch() -> tuple[Any, Any, Any]:
    return next(iter(replicas.data(replicas.BATCH)))


def test_an_id_that_is_repeated_counts_once_in_the_norm_of_the_gradient() -> None:
    keras.utils.set_random_seed(8)  # slices of one row may also cancel; of this seed they do not
    model = AlbertTextClassifier(replicas.AlbertBackbone(replicas.CONFIG), 2, dropout=0.0)
    backbone = model.backbone
    embedding = backbone.embedding
    for layer in (backbone.encoder, backbone.pooler, model.head, embedding.projection):
        layer.trainable = False  # what remains are tables
    model.compile(keras.optimizers.SGD(0.5, global_clipnorm=1e-4))
    x, y = {name: batch()[0][name] for name in INPUT_NAMES}, batch()[1]["sop"]
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    clipped, norm = tf.clip_by_global_norm(dense, 1e-4)
    expected = [v - 0.5 * g for v, g in zip(variables, clipped, strict=True)]
    # The control: of slices that repeat an id, as Keras takes it, the norm is another one.
    assert abs(tf.linalg.global_norm(gradients) - norm) > 0.1 * norm

    model.fit(x, y, batch_size=replicas.BATCH, verbose=0)
    for variable, value in zip(variables, expected, strict=True):
        # float32, summed in another order; the steps are of 5e-5 in all.
        np.testing.assert_allclose(variable, value, atol=2e-7)


def test_losses_and_accuracies_are_means_over_the_weights() -> None:
    model = replicas.build({"optimizer": "sgd"})
    x, y, weights = batch()
    got = model.evaluate(x, y, sample_weight=weights, batch_size=3, verbose=0, return_dict=True)
    logits = model.predict(x, verbose=0)["mlm"]
    losses = keras.ops.sparse_categorical_crossentropy(y["mlm"], logits, from_logits=True)
    right = logits.argmax(-1) == y["mlm"]
    assert got["mlm_loss"] == pytest.approx(np.average(losses, weights=weights["mlm"]), rel=1e-5)
    assert got["mlm_accuracy"] == pytest.approx(np.average(right, weights=weights["mlm"]), rel=1e-5)
    assert got["mlm_loss"] != pytest.approx(np.mean(losses), rel=1e-2)


@pytest.mark.parametrize("one_hot", [True, False])
# Equal to the classes, too.
@pytest.mark.parametrize("batch_size", [pytest.param(5, marks=pytest.mark.slow), 3])
def test_a_loss_of_one_hot_classes_is_the_same_as_of_ids(one_hot: bool, batch_size: int) -> None:
    keras.utils.set_random_seed(0)
    model = AlbertTextClassifier(replicas.AlbertBackbone(replicas.CONFIG), 3, dropout=0.0)
    x = {name: batch()[0][name] for name in INPUT_NAMES}
    ids, weights = np.arange(8) % 3, np.arange(8.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True) if one_hot else None
    model.compile("sgd", loss=loss)
    y = np.eye(3)[ids] if one_hot else ids
    got = model.evaluate(x, y, sample_weight=weights, batch_size=8, verbose=0, return_dict=True)
    logits = model.predict(x, batch_size=batch_size, verbose=0)["logits"]
    model.fit(x, y, sample_weight=weights, batch_size=batch_size, verbose=0)
    losses = keras.ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)
    assert got["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)
    right = logits.argmax(-1) == ids
    assert got["accuracy"] == pytest.approx(np.average(right, weights=weights), rel=1e-5)


def test_any_loss_of_keras_is_the_mean_over_the_examples() -> None:
    model = AlbertTextClassifier(replicas.AlbertBackbone(replicas.CONFIG), 3, dropout=0.0)
    x = {name: batch()[0][name] for name in INPUT_NAMES}
    y, weights = np.random.default_rng(0).random((8, 3)), np.arange(8.0)
    model.compile("sgd", loss="mse")
    got = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    losses = ((model.predict(x, verbose=0)["logits"] - y) ** 2).mean(-1)
    assert got == {"loss": pytest.approx(np.average(losses, weights=weights), rel=1e-5)}


def test_a_batch_that_micro_batches_do_not_divide_is_refused() -> None:
    model = replicas.build({"optimizer": "sgd", "micro_batches": 3})
    x, y, weights = batch()
    with pytest.raises(tf.errors.InvalidArgumentError, match="a multiple of micro_batches"):
        model.fit(x, y, sample_weight=weights, batch_size=8, verbose=0)


def test_settings_that_cannot_be_exact_are_refused() -> None:
    with pytest.raises(ValueError, match="micro_batches must be at least 1; got 0"):
        replicas.build({"optimizer": "sgd", "micro_batches": 0})
    with pytest.raises(ValueError, match="give compile micro_batches"):
        replicas.build({"optimizer": "accumulation"})


def test_a_loss_for_another_head_is_refused() -> None:
    model = AlbertPretrainer(replicas.AlbertBackbone(replicas.CONFIG), compile=False)
    with pytest.raises(ValueError, match=r"for the heads \['mlm', 'sop'\]; got \['nsp'\]"):
        model.compile("sgd", loss={"nsp": "mse"})
    with pytest.raises(ValueError, match="loss_weights must be a dict by head"):
        model.compile("sgd", loss_weights=[1.0, 2.0])


def test_losses_of_layers_are_part_of_the_loss() -> None:
    plain, regularized = (replicas.build({"optimizer": "sgd"}) for _ in range(2))
    dense = regularized.masked_lm.dense
    dense.kernel_regularizer = keras.regularizers.L2(0.5)
    dense.kernel.regularizer = dense.kernel_regularizer
    x, y, weights = batch()
    settings = {"sample_weight": weights, "batch_size": replicas.BATCH, "verbose": 0}
    first, second = (
        model.evaluate(x, y, return_dict=True, **settings)["loss"] for model in (plain, regularized)
    )
    added = 0.5 * float(keras.ops.sum(keras.ops.square(dense.kernel)))
    assert second - first == pytest.approx(added, rel=1e-4)
    before = dense.kernel.numpy()
    for model in (plain, regularized):
        model.fit(x, y, **settings)
    moved = regularized.masked_lm.dense.kernel - plain.masked_lm.dense.kernel
    # SGD at 0.1 takes the gradient of the penalty, the kernel itself, on top.
    np.testing.assert_allclose(moved, -0.1 * before, atol=1e-6)
