"""The equations of the layers in NumPy, to hold the layers against."""

import math

import keras
import numpy as np


def numpy_norm(x: np.ndarray, layer: keras.layers.LayerNormalization) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * np.asarray(layer.gamma) + np.asarray(layer.beta)


def numpy_dense(x: np.ndarray, layer: keras.layers.Dense) -> np.ndarray:
    return x @ np.asarray(layer.kernel) + np.asarray(layer.bias)


def numpy_gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def randomized(layer: keras.layers.Layer, scale: float = 0.3) -> keras.layers.Layer:
    """Biases and scales too get random values, so that dropping one cannot pass."""
    for variable in layer.variables:
        noise = np.random.default_rng(len(variable.path)).normal(size=variable.shape, scale=scale)
        variable.assign(np.asarray(variable) + noise)
    return layer
