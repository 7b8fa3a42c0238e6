"""The error of quantization is seen after every application of the layer."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np

from albert_tf.export.depth_error import errors_by_depth
from albert_tf.export.quantize import quantize
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from tests.conftest import TINY

IDS = np.arange(1, 18, dtype=np.int32)[None]
INPUTS = [{"token_ids": IDS, "segment_ids": 0 * IDS, "padding_mask": 0 * IDS + 1}]
WIDE = replace(TINY, hidden_size=64, num_attention_heads=2)


small = partial(quantize, name="dynamic_wi8_afp32")


def test_every_depth_has_an_error_and_a_file_that_is_not_quantized_has_none() -> None:
    model = AlbertTextClassifier(AlbertBackbone(WIDE), num_classes=2)
    errors = errors_by_depth(model, small, INPUTS)
    assert len(errors) == WIDE.num_hidden_layers
    assert all(0 < error < 0.1 for error in errors)  # eight bits of 64 weights a row
    same = errors_by_depth(model, partial(quantize, name="float32"), INPUTS)
    assert same == [0.0] * WIDE.num_hidden_layers


def test_a_static_recipe_has_errors_too() -> None:
    model = AlbertTextClassifier(AlbertBackbone(WIDE), num_classes=2)
    static = partial(quantize, name="static_wi8_ai8")
    errors = errors_by_depth(model, static, INPUTS, shown=INPUTS)
    assert len(errors) == WIDE.num_hidden_layers
    assert all(0 < error < 0.2 for error in errors)  # eight bits of activations, too


def test_the_depth_is_that_of_the_model() -> None:
    """The float states after d applications are those of a Keras model of d layers."""
    from albert_tf.export.convert import convert
    from albert_tf.export.depth_error import _body
    from albert_tf.runtime.engine import Engine

    whole = AlbertBackbone(WIDE)
    file = Engine(convert(_body(whole)))
    found = []
    for depth in (1, 2):
        keras_model = AlbertBackbone(replace(WIDE, num_hidden_layers=depth))
        keras_model.set_weights(whole.get_weights())
        states = file.run({**INPUTS[0], "depth": np.array([depth], np.int32)})["states"]
        expected = keras.ops.convert_to_numpy(keras_model(INPUTS[0])["sequence_output"])
        assert np.abs(states - expected).max() < 1e-5
        found.append(states)
    assert np.abs(found[0] - found[1]).max() > 0.1  # the control


def test_layers_that_are_not_one_have_no_depths() -> None:
    for sharing in ("none", "attention", "ffn"):
        backbone = AlbertBackbone(replace(WIDE, parameter_sharing=sharing))
        assert errors_by_depth(AlbertTextClassifier(backbone, num_classes=2), small, INPUTS) == []
