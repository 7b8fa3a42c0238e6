"""Products of 16-bit inputs add up in 32 bits where their sums fit, and in 64 elsewhere."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.export import short_sums
from albert_tf.export.convert import convert
from albert_tf.export.quantize import quantize
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import Floats

# 500 times the largest input, 32767, and the largest weight, 127, fit in 32 bits; 600 do not.
FITS, PASSES = 500, 600
TOP = 4.0  # the largest input
BIAS = 0.5
INT32, INT64 = schema.TensorType.INT32, schema.TensorType.INT64

Before = Callable[[tf.Tensor], tf.Tensor]


def same_signs(width: int) -> Floats:
    return np.full((width, 3), 0.1, np.float32)


def both_signs(width: int) -> Floats:
    return same_signs(width) * np.where(np.arange(width) % 2, 1, -1)[:, None].astype(np.float32)


def centered(row: tf.Tensor) -> tf.Tensor:
    """As `centering` has it."""
    return tf.nn.gelu(row) - np.full(row.shape[-1], 0.3, np.float32)


def shifted(row: tf.Tensor) -> tf.Tensor:
    """As small as the smallest input, behind an operation that can be no less than zero."""
    return tf.nn.relu(row) - np.full(row.shape[-1], TOP, np.float32)


def product(weight: Floats, before: Before = tf.identity) -> bytes:
    """A file of one product of inputs of 16 bits, and of what comes before."""
    width = len(weight)
    kernel = tf.Variable(weight)

    def answer(row: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"sums": before(row) @ kernel + BIAS}

    module = tf.Module()
    module.kernel = kernel
    module.answer = tf.function(answer).get_concrete_function(
        row=tf.TensorSpec([1, width], tf.float32, name="row")
    )
    seen = [{"row": np.full((1, width), sign * TOP, np.float32)} for sign in (1, -1)]
    return quantize(convert(module), "static_wi8_ai16", seen)


def biases(model: bytes) -> list[tuple[int, int]]:
    """Of every product: type of its bias, and what the operator says of that."""
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    return [
        (graph.tensors[operator.inputs[2]].type, operator.builtinOptions.quantizedBiasType)
        for graph in parsed.subgraphs
        for operator in graph.operators
        if parsed.operatorCodes[operator.opcodeIndex].builtinCode
        == schema.BuiltinOperator.FULLY_CONNECTED
    ]


def error(model: bytes, weight: Floats, before: Before = tf.identity) -> float:
    """Largest error where all inputs are largest, or smallest, as a share of the sums."""
    errors = []
    for sign in (1, -1):
        row = np.full((1, len(weight)), sign * TOP, np.float32)
        expected = before(tf.constant(row)).numpy() @ weight + BIAS
        found = Engine(model).run({"row": row})["sums"]
        errors.append(np.abs(found - expected).max())
    return float(max(errors) / (TOP * np.abs(weight).sum(0).max()))


@pytest.mark.parametrize(
    ("weight", "before", "kind"),
    [
        (same_signs(FITS), tf.identity, INT32),
        (same_signs(PASSES), tf.identity, INT64),
        (both_signs(FITS), tf.identity, INT32),
        (both_signs(PASSES), tf.identity, INT64),
        # Half of the weights count.
        (both_signs(PASSES), tf.nn.relu, INT32),
        (both_signs(PASSES), tf.nn.gelu, INT32),
        (both_signs(PASSES), centered, INT32),
        (both_signs(2 * PASSES), centered, INT64),
        (both_signs(PASSES), shifted, INT64),
        (same_signs(PASSES), tf.nn.relu, INT64),
    ],
)
def test_sums_are_short_where_they_fit(weight: Floats, before: Before, kind: int) -> None:
    model = product(weight, before)
    said = INT32 if kind == INT32 else schema.TensorType.FLOAT32  # nothing is said of 64 bits
    assert biases(model) == [(kind, said)]
    assert error(model, weight, before) < 1e-3


def test_sums_that_do_not_fit_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the rule is there for."""
    weight = same_signs(PASSES)
    monkeypatch.setattr(short_sums, "_fits", lambda *_: True)
    model = product(weight)
    assert biases(model) == [(INT32, INT32)]
    assert error(model, weight) > 0.1
