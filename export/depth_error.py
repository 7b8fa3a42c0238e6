"""How far quantization carries the hidden states away, application by application.

convert, quantize  ->  [depth_error.errors_by_depth]  ->  report

A file whose loop ends where it is told answers at every depth, for all depths run one layer.

Shape letters: L applications, T tokens, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from albert_tf.examples.packing import Ints
from albert_tf.export.convert import convert
from albert_tf.export.lookup import as_lookups
from albert_tf.models.backbone import INPUT_NAMES
from albert_tf.runtime.engine import Engine


def errors_by_depth(
    model: Any,
    quantize: Callable[..., bytes],
    inputs: Sequence[dict[str, Ints]],
    shown: Sequence[dict[str, Ints]] = (),
) -> list[float]:
    """Compares the hidden states of a quantized body with those in float.

    Args:
        model: Has a `backbone`.
        quantize: Float LiteRT file and `calibration` to quantized file.
        inputs: int32 [1, T] by name, at least one.
        shown: The same, for a recipe that must see some, at every depth.

    Returns:
        [L] root mean square of the difference, as a share of that of the states, after each
        application of the layer; nothing where the applications are not of one layer.
    """
    if not _one_layer(model.backbone):
        return []
    layers = model.backbone.config.num_hidden_layers
    converted = convert(_body(model.backbone))
    small = quantize(converted, calibration=_to_depth(layers, shown))
    files = [Engine(content) for content in (converted, small)]
    errors = []
    for depth in range(1, layers + 1):
        asked = _to_depth(depth, inputs)
        whole, less = (
            np.concatenate([file.run(batch)["states"][0] for batch in asked]) for file in files
        )
        errors.append(float(np.sqrt(np.square(less - whole).mean() / np.square(whole).mean())))
    return errors


def _to_depth(depth: int, inputs: Sequence[dict[str, Ints]]) -> list[dict[str, Ints]]:
    """Inputs that end the loop after so many applications."""
    return [{**batch, "depth": np.array([depth], np.int32)} for batch in inputs]


def _one_layer(backbone: keras.Model) -> bool:
    """Whether every application is of the same layer."""
    encoder = backbone.encoder
    return all(len(half) == len(half[0]) == 1 for half in (encoder.attention, encoder.feed_forward))


def _body(backbone: keras.Model) -> tf.Module:
    """The embedding and as many applications of the layer as the input `depth` [1] says."""
    ((_, _, attention, feed_forward),) = backbone.encoder.stored_layers()

    def answer(depth: tf.Tensor, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        mask = inputs["padding_mask"]

        def once(_: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
            return feed_forward(attention(x, x, mask))

        x = backbone.embedding(inputs["token_ids"], inputs["segment_ids"])
        return {"states": ops.fori_loop(0, depth[0], once, x)}  # [1, T, H]

    module = tf.Module()
    module.weights = [variable.value for variable in backbone.variables]
    with as_lookups(backbone.embedding):
        module.answer = tf.function(answer).get_concrete_function(
            depth=tf.TensorSpec([1], tf.int32, name="depth"),
            **{name: tf.TensorSpec([1, None], tf.int32, name=name) for name in INPUT_NAMES},
        )
    return module
