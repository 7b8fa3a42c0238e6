"""Products of 16-bit inputs add up in 32 bits where their sums fit, and in 64 elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export import sums
from albert_tf.export.centering import centered
from albert_tf.export.convert import convert
from albert_tf.export.entering import measure_entering, products
from albert_tf.export.parsed import kind, parse
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import Form, build_signature
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import Floats
from tests.export.test_centering import WIDE, inputs

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


def less_its_mean(row: tf.Tensor) -> tf.Tensor:
    """As `centering` has it."""
    return tf.nn.gelu(row) - np.full(row.shape[-1], 0.3, np.float32)


def shifted(row: tf.Tensor) -> tf.Tensor:
    """As small as the smallest input, behind an operation that can be no less than zero."""
    return tf.nn.relu(row) - np.full(row.shape[-1], TOP, np.float32)


def product(weight: Floats, before: Before = tf.identity, bias: float = BIAS) -> bytes:
    """A file of one product of inputs of 16 bits, and of what comes before."""
    width = len(weight)
    kernel = tf.Variable(weight)

    def answer(row: tf.Tensor) -> dict[str, tf.Tensor]:
        product = before(row) @ kernel
        return {"sums": product + bias if bias else product}

    module = tf.Module()
    module.kernel = kernel
    module.answer = tf.function(answer).get_concrete_function(
        row=tf.TensorSpec([1, width], tf.float32, name="row")
    )
    seen = [{"row": np.full((1, width), sign * TOP, np.float32)} for sign in (1, -1)]
    return quantize(convert(module), "static_wi8_ai16", seen)


def biases(model: bytes) -> list[tuple[int | None, int]]:
    """Of every product: type of its bias, and what the operator says of that."""
    parsed = parse(model)
    return [
        (
            None
            if len(operator.inputs) < 3 or operator.inputs[2] == -1
            else graph.tensors[operator.inputs[2]].type,
            operator.builtinOptions.quantizedBiasType,
        )
        for graph in parsed.subgraphs
        for operator in graph.operators
        if kind(parsed, operator) == schema.BuiltinOperator.FULLY_CONNECTED
    ]


def error(model: bytes, weight: Floats, before: Before = tf.identity, bias: float = BIAS) -> float:
    """Largest error where all inputs are largest, or smallest, as a share of the sums."""
    errors = []
    for sign in (1, -1):
        row = np.full((1, len(weight)), sign * TOP, np.float32)
        expected = before(tf.constant(row)).numpy() @ weight + bias
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
        (both_signs(PASSES), less_its_mean, INT32),
        (both_signs(2 * PASSES), less_its_mean, INT64),
        (both_signs(PASSES), shifted, INT64),
        (same_signs(PASSES), tf.nn.relu, INT64),
    ],
)
def test_sums_are_short_where_they_fit(weight: Floats, before: Before, kind: int) -> None:
    model = product(weight, before)
    said = INT32 if kind == INT32 else schema.TensorType.FLOAT32  # nothing is said of 64 bits
    assert biases(model) == [(kind, said)]
    assert error(model, weight, before) < 1e-3


@pytest.mark.parametrize(("width", "kind"), [(FITS, None), (PASSES, INT64)])
def test_a_product_without_a_bias_gets_one_where_it_must(width: int, kind: int | None) -> None:
    model = product(same_signs(width), bias=0)
    assert [found for found, _ in biases(model)] == [kind]
    assert error(model, same_signs(width), bias=0) < 1e-3


def test_a_bias_may_be_what_does_not_fit() -> None:
    """510 of the largest products are 1.1 % short of 31 bits; a bias of 2 % of them is too much."""
    weight = same_signs(510)
    found = [biases(product(weight, bias=share * TOP * weight.sum(0)[0]))[0][0]
             for share in (0.005, 0.02)]  # fmt: skip
    assert found == [INT32, INT64]


@pytest.mark.parametrize(
    ("form", "activation"),
    [
        (Form(), "gelu"),
        pytest.param(Form(), "relu", marks=pytest.mark.slow),
        pytest.param(Form("unrolled", 20), "gelu", marks=pytest.mark.slow),
    ],
)
def test_every_product_of_a_trained_model_is_short(form: Form, activation: str) -> None:
    """Of one with biases, and with as many weights behind the activation as albert_base has."""
    keras.utils.set_random_seed(0)
    config = replace(WIDE, intermediate_size=3072, hidden_act=activation)
    model = AlbertTextClassifier(AlbertBackbone(config), num_classes=3)
    rng = np.random.default_rng(0)
    for layer in products(model.backbone):  # with outputs that differ from text to text
        layer.kernel.assign(rng.normal(size=layer.kernel.shape, scale=0.5))
        layer.bias.assign(rng.normal(size=layer.bias.shape, scale=0.5))
    with centered(measure_entering(model.backbone, inputs(0))):
        content = convert(build_signature(model, form))
    found = biases(quantize(content, "static_wi8_ai16", inputs(0)))
    # Six of every application in the file; the projection of embeddings and the head have no bias.
    assert found.count((INT32, INT32)) > 6
    assert {kind for kind, _ in found} == {INT32, None}


def test_sums_that_do_not_fit_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the rule is there for."""
    weight = same_signs(PASSES)
    monkeypatch.setattr(sums, "_fits", lambda *_: True)
    model = product(weight)
    assert biases(model) == [(INT32, INT32)]
    assert error(model, weight) > 0.1
