"""Weights of 4 bits make up for each other's errors, and are rounded once."""

from dataclasses import replace

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.export.convert import convert
from albert_tf.export.entering import Moments, measure_entering, products
from albert_tf.export.quantize import in_blocks, quantize
from albert_tf.export.rounding import round_rows, round_weights
from albert_tf.export.signature import build_signature
from albert_tf.tasks.task import Floats
from tests.export.test_centering import WIDE, build_model, inputs


def product_error(weight: Floats, rounded: Floats, rows: Floats) -> float:
    return float(np.square(rows @ (rounded - weight).T).mean())


def test_products_of_inputs_that_go_together_err_less() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(50, 192)).astype(np.float32)
    alone = rng.normal(size=(4000, 192))
    together = alone[:, :24] @ rng.normal(size=(24, 192)) + 0.3 * alone
    nearest = round_rows(weight, np.eye(192), 2000)
    for rows, least, most in ((together, 0.0, 0.2), (alone, 0.8, 1.2)):
        found = round_rows(weight, rows[:2000].T @ rows[:2000] / 2000, 2000)
        errors = [product_error(weight, each, rows[2000:]) for each in (found, nearest)]
        assert least < errors[0] / errors[1] < most


def test_the_largest_of_a_block_stays_so_that_a_second_rounding_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(30, 64)).astype(np.float32)
    weight[3, :32] = 0
    rows = rng.normal(size=(500, 8)) @ rng.normal(size=(8, 64))
    found = round_rows(weight, rows.T @ rows, 500)
    assert not found[3, :32].any()
    blocks, before = (np.abs(each.reshape(30, 2, 32)).max(2) for each in (found, weight))
    assert np.allclose(blocks, before, rtol=2**-8)  # as far as a scale is rounded
    assert np.array_equal(round_rows(found, np.eye(64), 500), found)
    assert len(np.unique(np.abs(found[0, :32]))) <= 8


@pytest.mark.slow
def test_the_quantizer_keeps_every_weight_where_it_was_put() -> None:
    model = build_model()
    wanted = in_blocks(products(model.backbone))
    seen = measure_entering(model.backbone, inputs(0), wanted)
    # As if of many more rows, which says to trust them.
    entering = {layer: replace(moments, rows=10**6) for layer, moments in seen.items()}
    content = convert(build_signature(model))
    stored = four_bits(quantize(content, "dynamic_wi4b32_afp32", entering=entering))
    plain = four_bits(quantize(content, "dynamic_wi4b32_afp32"))
    attention, feed_forward = model.backbone.encoder.stored_layers()[0][2:]
    for layer, factor in {
        attention.attention.query: WIDE.head_size**-0.5,  # which the converter puts into it
        attention.attention.key: 1,
        feed_forward.intermediate: 1,
        feed_forward.output_projection: 1,
    }.items():
        weight, moments = np.asarray(layer.kernel).T * np.float32(factor), entering[layer]
        expected = round_rows(weight, moments.covariance, moments.rows)
        # A scale on the edge between two that a file may store may fall to either side.
        assert any(alike(expected, each) > 0.99 for each in stored), layer.path
        assert not any(alike(expected, each) > 0.9 for each in plain)  # the control


def alike(first: Floats, second: Floats) -> float:
    """How many weights are the same, of all."""
    return float((first == second).mean()) if first.shape == second.shape else 0.0


def four_bits(content: bytes) -> list[Floats]:
    """The weights of a file that have 4 bits, widened."""
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    found = []
    for subgraph in parsed.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.type != schema.TensorType.INT4:
                continue
            packed = np.frombuffer(bytes(parsed.buffers[tensor.buffer].data), np.uint8)
            whole = np.stack([packed & 15, packed >> 4], 1).astype(np.int32).reshape(tensor.shape)
            whole = np.where(whole > 7, whole - 16, whole)
            scales = subgraph.tensors[tensor.quantization.details.scales]
            data = np.frombuffer(bytes(parsed.buffers[scales.buffer].data), np.float16)
            widths = data.astype(np.float32).reshape(tensor.shape[0], -1)
            found.append(whole.astype(np.float32) * widths.repeat(32, 1))
    assert found
    return found


@pytest.mark.parametrize("seen", [30, 200])
def test_few_rows_do_no_harm(seen: int) -> None:
    """Fewer rows than inputs leave directions unseen, about which they say nothing."""
    rng = np.random.default_rng(seen)
    weight = rng.normal(size=(50, 192)).astype(np.float32)
    rows = rng.normal(size=(3000, 192))
    nearest = product_error(weight, round_rows(weight, np.eye(192), seen), rows)
    found = round_rows(weight, rows[:seen].T @ rows[:seen] / seen, seen)
    assert product_error(weight, found, rows[seen:]) < 1.15 * nearest
    trusted = round_rows(weight, rows[:seen].T @ rows[:seen] / seen, 10**9)  # the control
    assert product_error(weight, trusted, rows[seen:]) > 1.15 * nearest
    assert np.isfinite(round_rows(weight, np.zeros((192, 192)), seen)).all()


def test_weights_that_are_not_there_are_named() -> None:
    content = convert(build_signature(build_model()))
    other = build_model()
    query = other.backbone.encoder.attention[0][0].attention.query
    query.kernel.assign(query.kernel + 1)
    seen = {query: Moments(1, np.zeros(64, np.float32), np.eye(64))}
    with pytest.raises(ValueError, match=r"must have the weights of .*query; it has not"):
        round_weights(content, seen)
