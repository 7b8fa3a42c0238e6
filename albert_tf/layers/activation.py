"""The non-linearity, by the name that the config gives it.

embeddings  ->  encoder: encoder_layer: [activation], again and again  ->  heads
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

Function = Callable[[Tensor], Tensor]

_FUNCTIONS: dict[str, Function] = {
    "gelu": lambda x: ops.gelu(x, approximate=True),
    "gelu_erf": lambda x: ops.gelu(x, approximate=False),
    "relu": ops.relu,
}


@cache
def activation(name: str) -> Callable[..., Tensor]:
    """Returns the function that `AlbertConfig.hidden_act` names.

    It takes a tensor and, optionally, `training`. While TensorFlow trains it is one kernel
    forward and one backward, for it works on the widest tensor of the model: of albert_base
    it would be a twentieth of a step's time and a fifth of its memory otherwise.
    """
    function = _FUNCTIONS[name]
    trained = _one_kernel(function) if keras.backend.backend() == "tensorflow" else function

    def apply(x: Tensor, training: bool = False) -> Tensor:
        return trained(x) if training else function(x)

    return apply


def _one_kernel(function: Function) -> Any:
    """The same function compiled by XLA, which keeps only its input for the gradient.

    TensorFlow alone walks through memory for each of its dozen steps and keeps most of them.
    """
    # The one place where layers need more than Keras: it compiles models, not functions.
    import tensorflow as tf

    def gradient(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x, upstream)

    forward = tf.function(function, jit_compile=True, reduce_retracing=True)
    backward = tf.function(gradient, jit_compile=True, reduce_retracing=True)

    @tf.custom_gradient
    def fused(x: tf.Tensor) -> Any:
        return forward(x), lambda upstream: backward(x, upstream)

    return fused
