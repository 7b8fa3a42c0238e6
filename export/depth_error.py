"""How far quantization carries the hidden states away, application by application.

convert, quantize  ->  [depth_error.errors_by_depth]  ->  report

All depths run one layer, so a file that goes on from the states it is given answers at each.

Shape letters: L applications, T tokens, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from albert_tf.examples.packing import Ints
from albert_tf.export.convert import convert
from albert_tf.export.lookup import as_lookups
from albert_tf.layers.encoder import of_computed_shape
from albert_tf.models.backbone import INPUT_NAMES
from albert_tf.runtime.engine import Engine


def errors_by_depth(
    model: Any,
    quantize: Callable[..., bytes],
    inputs: Sequence[dict[str, Ints]],
    shown: Sequence[dict[str, Ints]] = (),
    *,
    scratch: Path | None = None,
) -> list[float]:
    """Compares the hidden states of a quantized body with those in float.

    Args:
        model: Has a `backbone`.
        quantize: Float LiteRT file and `calibration` to quantized file.
        inputs: int32 [1, T] by name, at least one.
        shown: The same, for a recipe that must see some, at every depth.
        scratch: As `convert` takes it.

    Returns:
        [L] root mean square of the difference, as a share of that of the states, after each
        application of the layer; nothing where the applications are not of one layer.
    """
    if not _one_layer(model.backbone):
        return []
    config = model.backbone.config
    converted = convert(_body(model.backbone), scratch)
    layers, width = config.num_hidden_layers, config.hidden_size
    small = quantize(converted, calibration=[_begun(batch, width, layers) for batch in shown])
    files = [Engine(content) for content in (converted, small)]
    asked = [[_begun(batch, width, 1) for batch in inputs] for _ in files]
    errors = []
    for _ in range(layers):
        states = []
        for file, batches in zip(files, asked, strict=True):
            for batch in batches:
                batch |= {"states": file.run(batch)["states"], "fresh": np.zeros(1, np.float32)}
            states.append(np.concatenate([batch["states"][0] for batch in batches]))
        whole, less = states
        errors.append(float(np.sqrt(np.square(less - whole).mean() / np.square(whole).mean())))
    return errors


def _begun(batch: dict[str, Ints], width: int, times: int) -> dict[str, Any]:
    """An input whose tokens go through so many applications."""
    return {
        **batch,
        "times": np.array([times], np.int32),
        "fresh": np.ones(1, np.float32),
        "states": np.zeros((*batch["token_ids"].shape, width), np.float32),
    }


def _one_layer(backbone: keras.Model) -> bool:
    """Whether every application is of the same layer."""
    encoder = backbone.encoder
    return all(len(half) == len(half[0]) == 1 for half in (encoder.attention, encoder.feed_forward))


def _body(backbone: keras.Model) -> tf.Module:
    """As many applications of the layer as the input `times` [1] says.

    They begin with the embeddings where `fresh` [1] is 1, and where it is 0 with `states`.
    """
    ((_, _, attention, feed_forward),) = backbone.encoder.stored_layers()

    def answer(
        times: tf.Tensor, fresh: tf.Tensor, states: tf.Tensor, **inputs: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        mask = inputs["padding_mask"]

        def once(_: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
            x = of_computed_shape(x)
            return feed_forward(attention(x, x, mask))

        embedded = backbone.embedding(inputs["token_ids"], inputs["segment_ids"])
        x = fresh * embedded + (1 - fresh) * states
        return {"states": ops.fori_loop(0, times[0], once, x)}  # [1, T, H]

    module = tf.Module()
    module.weights = [variable.value for variable in backbone.variables]
    width = backbone.config.hidden_size
    with as_lookups(backbone.embedding):
        module.answer = tf.function(answer).get_concrete_function(
            times=tf.TensorSpec([1], tf.int32, name="times"),
            fresh=tf.TensorSpec([1], tf.float32, name="fresh"),
            states=tf.TensorSpec([1, None, width], tf.float32, name="states"),
            **{name: tf.TensorSpec([1, None], tf.int32, name=name) for name in INPUT_NAMES},
        )
    return module
