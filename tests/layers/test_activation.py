"""The activations: their values, and one kernel each way while TensorFlow trains."""

from __future__ import annotations

import math
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from albert_tf.layers.activation import activation

X = np.linspace(-6, 6, 243, dtype="float32").reshape(1, 3, -1)
EXPECTED = {
    "gelu": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu_erf": lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    "relu": lambda x: max(x, 0.0),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", list(EXPECTED))
def test_values_and_slopes(name: str, training: bool) -> None:
    x, upstream = tf.constant(X), tf.constant(np.cos(X))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = activation(name)(x, training=training)
    slopes = tape.gradient(y, x, upstream)

    expected = np.vectorize(EXPECTED[name])(X.astype("float64"))
    np.testing.assert_allclose(y, expected, atol=1e-6)
    step = 1e-6  # of the numerical derivative, which has no say at the corner of relu
    function = np.vectorize(EXPECTED[name])
    numerical = (function(X + np.float64(step)) - function(X - np.float64(step))) / (2 * step)
    smooth = X != 0
    np.testing.assert_allclose((slopes / upstream)[smooth], numerical[smooth], atol=5e-6)


def test_the_two_gelus_differ() -> None:
    difference = activation("gelu")(X, training=True) - activation("gelu_erf")(X, training=True)
    assert np.abs(difference).max() > 1e-4


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_training_keeps_the_dtype(dtype: str) -> None:
    x = keras.ops.cast(X, dtype)
    trained, plain = (activation("gelu")(x, training=training) for training in (True, False))
    assert trained.dtype == plain.dtype == dtype
    np.testing.assert_allclose(
        tf.cast(trained, "float32"), tf.cast(plain, "float32"), rtol=0.02, atol=1e-3
    )


def test_training_keeps_nothing_but_the_input_for_the_gradient() -> None:
    def kept(training: bool) -> int:
        @tf.function
        def forward_and_backward(x: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = activation("gelu")(x, training=training)
            return tape.gradient(y, x)

        graph = forward_and_backward.get_concrete_function(tf.TensorSpec([None, 8])).graph
        return sum(
            operation.type in ("Tanh", "Mul", "AddV2") for operation in graph.get_operations()
        )

    assert kept(training=True) == 0 < kept(training=False)


_TWO_DEVICES = """
import numpy as np
import tensorflow as tf
from albert_tf.layers.activation import activation

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = tf.linspace(-3.0, 3.0, 8)

@tf.function
def slopes(training):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = activation("gelu")(x, training=training)
    return tape.gradient(y, x)

trained, plain = (strategy.run(slopes, args=(training,)).values for training in (True, False))
assert len(trained) == 2
np.testing.assert_allclose(trained, plain, atol=1e-6)
"""


@pytest.mark.slow
def test_it_trains_on_two_devices_at_once() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _TWO_DEVICES], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
