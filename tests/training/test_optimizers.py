"""AdamW and LAMB equal a NumPy reference, also where an embedding row is looked up twice."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from albert_tf.training.optimizers import Lamb, WarmupLinearDecay, build_optimizer

RNG = np.random.default_rng(0)
START = RNG.normal(size=(5, 3)).astype(np.float32)
GRADIENTS = [RNG.normal(size=(5, 3)).astype(np.float32) for _ in range(7)]


def moments(gradients: list[np.ndarray], step: int, epsilon: float = 1e-6) -> np.ndarray:
    """Adam's direction after `step` + 1 gradients, both moments bias-corrected."""
    first = second = np.zeros_like(START, dtype=np.float64)
    for gradient in gradients[: step + 1]:
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
    count = step + 1
    return first / (1 - 0.9**count) / (np.sqrt(second / (1 - 0.999**count)) + epsilon)


def train(optimizer: keras.optimizers.Optimizer, name: str = "kernel") -> np.ndarray:
    variable = keras.Variable(START, name=name)
    for gradient in GRADIENTS:
        optimizer.apply([tf.constant(gradient)], [variable])
    return np.asarray(variable)


def lamb_reference(decay: float) -> np.ndarray:
    weights = START.astype(np.float64)
    for step in range(len(GRADIENTS)):
        update = moments(GRADIENTS, step) + decay * weights
        ratio = np.linalg.norm(weights) / np.linalg.norm(update) if decay else 1.0
        weights = weights - 0.02 * ratio * update
    return weights


def test_lamb_equals_the_published_algorithm() -> None:
    # float32 against float64 over seven steps.
    np.testing.assert_allclose(train(Lamb(0.02)), lamb_reference(0.01), atol=2e-6)


def test_keras_lamb_is_the_control_that_fails() -> None:
    keras_lamb = train(keras.optimizers.Lamb(0.02, epsilon=1e-6, weight_decay=0.01))
    assert np.abs(keras_lamb - lamb_reference(0.01)).max() > 1e-4


@pytest.mark.parametrize("name", ["bias", "gamma", "beta"])
def test_biases_and_norms_are_neither_decayed_nor_adapted(name: str) -> None:
    np.testing.assert_allclose(train(Lamb(0.02), name), lamb_reference(0.0), atol=2e-6)


def test_rows_looked_up_twice_equal_one_dense_gradient() -> None:
    slices = tf.IndexedSlices(tf.constant(GRADIENTS[0][:3]), tf.constant([1, 4, 1]), (5, 3))
    dense, sparse = keras.Variable(START), keras.Variable(START)
    for _ in range(2):
        Lamb(0.02).apply([tf.convert_to_tensor(slices)], [dense])
        Lamb(0.02).apply([slices], [sparse])
    np.testing.assert_allclose(sparse, dense, atol=1e-7)


def adamw_reference(decay: float) -> np.ndarray:
    """Seven steps at the rates of a run of seven without warm-up; gradients have norm below 1."""
    weights = START.astype(np.float64)
    for step in range(len(GRADIENTS)):
        rate = 0.02 * (7 - step) / 8
        # Keras adds epsilon before it corrects the second moment, as Adam's section 2 allows.
        epsilon = 1e-6 / np.sqrt(1 - 0.999 ** (step + 1))
        update = moments([gradient / 10 for gradient in GRADIENTS], step, epsilon)
        weights = weights - rate * (update + decay * weights)
    return weights


@pytest.mark.parametrize(
    ("name", "decay"), [("kernel", 0.01), ("bias", 0.0), ("gamma", 0.0), ("beta", 0.0)]
)
def test_adamw_equals_its_algorithm_and_spares_biases_and_norms(name: str, decay: float) -> None:
    optimizer = build_optimizer("adamw", learning_rate=0.02, warmup_steps=0, total_steps=7)
    variable = keras.Variable(START, name=name)
    for gradient in GRADIENTS:
        optimizer.apply([tf.constant(gradient / 10)], [variable])
    # float32 against float64 over seven steps; decay moves the weights by 1e-3.
    np.testing.assert_allclose(variable, adamw_reference(decay), atol=5e-6)
    assert np.abs(np.asarray(variable) - adamw_reference(0.01 - decay)).max() > 1e-4


def test_decay_reaches_the_kernels_of_a_model_and_nothing_else() -> None:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.LayerNormalization()])
    model.build((None, 3))
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    optimizer = build_optimizer("adamw", learning_rate=0.02, warmup_steps=0, total_steps=7)
    zeros = [tf.zeros(variable.shape) for variable in model.trainable_variables]
    optimizer.apply(zeros, model.trainable_variables)
    moved = {v.name for v in model.trainable_variables if not np.allclose(v, 1.0, atol=1e-6)}
    assert moved == {"kernel"}


@pytest.mark.parametrize("name", ["adamw", "lamb"])
def test_a_share_of_the_rate_equals_a_lower_rate(name: str) -> None:
    """With one variable at half the rate, decay included, and another at the whole one."""

    def trained(rate: float, shares: dict[str, float] | None) -> list[np.ndarray]:
        optimizer = build_optimizer(
            name, learning_rate=rate, warmup_steps=0, total_steps=7, shares=shares
        )
        variables = [keras.Variable(START, name=title) for title in ("kernel", "bias")]
        for gradient in GRADIENTS:
            optimizer.apply([tf.constant(gradient / 10)] * 2, variables)
        return [np.asarray(variable) for variable in variables]

    (half, _), (_, whole) = trained(0.01, None), trained(0.02, None)
    mixed = trained(0.02, {"kernel": 0.5})
    # The same numbers in another order; a step is 0.02 long.
    np.testing.assert_allclose(mixed[0], half, atol=1e-6)
    np.testing.assert_allclose(mixed[1], whole, atol=1e-6)
    assert np.abs(mixed[0] - trained(0.02, None)[0]).max() > 1e-3


def test_the_rate_climbs_and_falls_in_lines() -> None:
    schedule = WarmupLinearDecay(peak=1.0, warmup_steps=4, total_steps=10)
    rates = [float(schedule(step)) for step in range(11)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7, 0])


def test_a_warmup_longer_than_the_run_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0 and total_steps \(10\); got 11"):
        WarmupLinearDecay(1.0, 11, 10)


def test_an_unknown_optimizer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'sgd'; choose one of adamw, lamb"):
        build_optimizer("sgd", learning_rate=1.0, warmup_steps=0, total_steps=1)
