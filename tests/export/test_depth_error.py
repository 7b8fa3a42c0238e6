"""The error of quantization is seen after every application of the layer."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from albert_tf.export.convert import convert
from albert_tf.export.depth_error import _begun, _body, errors_by_depth
from albert_tf.export.quantize import quantize
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.runtime.engine import Engine
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


@pytest.mark.slow
def test_a_static_recipe_has_errors_too() -> None:
    model = AlbertTextClassifier(AlbertBackbone(WIDE), num_classes=2)
    static = partial(quantize, name="static_wi8_ai8")
    errors = errors_by_depth(model, static, INPUTS, shown=INPUTS)
    assert len(errors) == WIDE.num_hidden_layers
    assert all(0 < error < 0.2 for error in errors)  # eight bits of activations, too


def test_states_that_go_on_are_those_of_a_deeper_model() -> None:
    """The float states after d applications are those of a Keras model of d layers."""
    whole = AlbertBackbone(WIDE)
    file = Engine(convert(_body(whole)))
    expected = []
    for depth in (1, 2):
        keras_model = AlbertBackbone(replace(WIDE, num_hidden_layers=depth))
        keras_model.set_weights(whole.get_weights())
        expected.append(keras.ops.convert_to_numpy(keras_model(INPUTS[0])["sequence_output"]))
    once, twice = (_begun(INPUTS[0], WIDE.hidden_size, times) for times in (1, 2))
    first = file.run(once)["states"]
    further = {**once, "fresh": np.zeros(1, np.float32), "states": first}
    for found, depth in (
        (first, 0),
        (file.run(further)["states"], 1),
        (file.run(twice)["states"], 1),
    ):
        assert np.abs(found - expected[depth]).max() < 1e-5
    assert np.abs(expected[0] - expected[1]).max() > 0.1  # the control


def test_layers_that_are_not_one_have_no_depths() -> None:
    for sharing in ("none", "attention", "ffn"):
        backbone = AlbertBackbone(replace(WIDE, parameter_sharing=sharing))
        assert errors_by_depth(AlbertTextClassifier(backbone, num_classes=2), small, INPUTS) == []
