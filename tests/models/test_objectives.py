"""Losses are means over weights, in whatever form targets and losses are given."""

from typing import Any

import keras
import numpy as np
import pytest

from albert_tf.models.objectives import Objectives

RNG = np.random.default_rng(0)
LOGITS = {"start": RNG.normal(size=(5, 7)), "end": RNG.normal(size=(5, 7))}
LOGITS = {name: values.astype(np.float32) for name, values in LOGITS.items()}
TARGETS = {"start": RNG.integers(0, 7, 5), "end": RNG.integers(0, 7, 5)}
WEIGHTS = np.array([1, 0, 2, 0, 1], np.float32)


def heads(**settings: Any) -> Objectives:
    given = {"loss": None, "loss_weights": None, "accuracies": True, **settings}
    return Objectives(LOGITS, **given)


def cross_entropy(name: str, weights: np.ndarray) -> float:
    exponents = np.exp(LOGITS[name])
    chosen = exponents[range(5), TARGETS[name]] / exponents.sum(1)
    return float(np.average(-np.log(chosen), weights=weights))


def total(objectives: Objectives, y: Any, weights: Any = None) -> float:
    weights = objectives.weights(y, weights)
    shares = objectives.shares(weights, lambda value: value)
    return float(objectives.total(objectives.losses(y, LOGITS), shares))


def test_a_loss_is_the_mean_over_the_weights_of_its_head() -> None:
    weights = {"start": WEIGHTS, "end": np.ones(5)}
    expected = cross_entropy("start", WEIGHTS) + cross_entropy("end", np.ones(5))
    assert total(heads(), TARGETS, weights) == pytest.approx(expected, rel=1e-5)
    assert total(heads(), TARGETS) != pytest.approx(expected, rel=1e-2)


def test_targets_and_weights_may_be_given_in_the_order_of_the_heads() -> None:
    in_order = (TARGETS["start"], TARGETS["end"])
    assert total(heads(), in_order, WEIGHTS) == total(
        heads(), TARGETS, {"start": WEIGHTS, "end": WEIGHTS}
    )


def test_a_class_that_a_loss_ignores_has_no_weight() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    ignoring = Objectives({"start": LOGITS["start"]}, loss, None, accuracies=True)
    y = np.where(WEIGHTS > 0, TARGETS["start"], -1)
    assert total(ignoring, y) == pytest.approx(float(loss(y, LOGITS["start"])), rel=1e-6)
    assert total(ignoring, y) == pytest.approx(cross_entropy("start", WEIGHTS > 0), rel=1e-6)
    assert total(ignoring, TARGETS["start"]) != pytest.approx(total(ignoring, y), rel=1e-3)


def test_a_loss_of_ones_own_sees_numbers_of_one_kind() -> None:
    outputs = {"score": np.array([1.0, 3.0], np.float32)}
    squares = Objectives(outputs, lambda a, b: (a - b) ** 2, None, accuracies=False)
    y = np.array([2, 0])
    found = squares.losses(y, outputs)["score"]
    np.testing.assert_allclose(np.ravel(found), [1, 9])
    mean = Objectives(outputs, lambda a, b: keras.ops.mean(a - b), None, accuracies=False)
    with pytest.raises(ValueError, match=r"loss of score must give a number for each example"):
        mean.losses(y, outputs)


def test_weights_may_be_a_column() -> None:
    assert total(heads(), TARGETS, WEIGHTS[:, None]) == total(heads(), TARGETS, WEIGHTS)
    assert total(heads(), TARGETS, np.roll(WEIGHTS, 1)[:, None]) != total(heads(), TARGETS, WEIGHTS)


def test_loss_weights_weigh_the_heads() -> None:
    halved = heads(loss_weights={"end": 0.5})
    expected = cross_entropy("start", np.ones(5)) + cross_entropy("end", np.ones(5)) / 2
    assert total(halved, TARGETS) == pytest.approx(expected, rel=1e-5)


def test_parts_of_a_batch_add_up_to_it() -> None:
    objectives = heads()
    weights = objectives.weights(TARGETS, WEIGHTS)
    shares = objectives.shares(weights, lambda value: value)
    parts = []
    for rows in (slice(0, 2), slice(2, 5)):
        losses = objectives.losses(
            {name: values[rows] for name, values in TARGETS.items()},
            {name: values[rows] for name, values in LOGITS.items()},
        )
        part = {name: share[rows] for name, share in shares.items()}
        parts.append(float(objectives.total(losses, part)))
    assert sum(parts) == pytest.approx(total(objectives, TARGETS, WEIGHTS), rel=1e-6)


def test_a_batch_without_weight_has_no_loss() -> None:
    assert total(heads(), TARGETS, np.zeros(5)) == 0


def test_a_regression_may_have_targets_of_one_or_two_axes() -> None:
    outputs = {"score": np.array([[1.0], [3.0]], np.float32)}
    for loss in ("mse", keras.losses.MeanSquaredError()):
        objectives = Objectives(outputs, loss, None, accuracies=False)
        for y in (np.array([2.0, 0.0]), np.array([[2.0], [0.0]])):
            weights = objectives.weights(y, np.array([1.0, 3.0]))
            shares = objectives.shares(weights, lambda value: value)
            losses = objectives.losses(y, outputs)
            assert float(objectives.total(losses, shares)) == pytest.approx((1 + 3 * 9) / 4)


def test_metrics_are_named_as_keras_names_them() -> None:
    assert [metric.name for metric in heads().metrics] == [
        "start_loss", "end_loss", "start_accuracy", "end_accuracy",
    ]  # fmt: skip
    single = Objectives({"logits": LOGITS["start"]}, None, None, accuracies=True)
    assert [metric.name for metric in single.metrics] == ["accuracy"]


def test_targets_and_weights_of_other_heads_are_refused() -> None:
    objectives = heads()
    with pytest.raises(ValueError, match=r"given for \['start', 'end'\]; got \['start'\]"):
        objectives.weights({"start": TARGETS["start"]}, None)
    with pytest.raises(ValueError, match=r"must be a dict by head, .*; got one array"):
        objectives.weights(TARGETS["start"], None)
    with pytest.raises(ValueError, match=r"given for \['start', 'end'\]; got none"):
        objectives.weights(None, None)
    with pytest.raises(ValueError, match=r"sample_weight of start must have at most 1 axes; got 2"):
        objectives.weights(TARGETS, np.ones((5, 7)))
    with pytest.raises(ValueError, match=r"sample_weight must be for heads .*; got \['begin'\]"):
        objectives.weights(TARGETS, {"begin": WEIGHTS})
