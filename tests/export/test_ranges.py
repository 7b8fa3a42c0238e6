"""What is measured for static recipes spans enough for biases to fit."""

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.export import ranges
from albert_tf.export.centering import centered
from albert_tf.export.convert import convert
from albert_tf.export.entering import measure_entering, products
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import build_signature
from albert_tf.tasks.task import Floats
from tests.export.test_centering import answers, build_model, inputs


@pytest.fixture(scope="module")
def model() -> bytes:
    """A classifier whose [CLS] is nearly the same for every text, and whose bias has its mean."""
    classifier = build_model()
    with centered(measure_entering(classifier.backbone, inputs(0))):
        return convert(build_signature(classifier))


def error(model: bytes, recipe: str) -> float:
    return float(np.abs(answers(quantize(model, recipe, inputs(0))) - answers(model)).max())


@pytest.mark.parametrize("recipe", ["static_wi8_ai16", "static_wi8_ai8"])
def test_inputs_that_hardly_differ_leave_room_for_the_bias(
    model: bytes, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error(model, recipe) < 0.03  # of logits of 2
    # The control: without room the bias is cut off.
    monkeypatch.setattr(ranges, "_least_span", lambda *_: 0.0)
    assert error(model, recipe) > 0.5


def ends(found: dict[str, dict[str, Floats]], name: str) -> tuple[float, float]:
    return float(found[name]["min"].min()), float(found[name]["max"].max())


def test_what_spans_enough_is_left_as_it_was(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ranges.measure_ranges(model, inputs(0))
    monkeypatch.setattr(ranges, "_least_span", lambda *_: 0.0)
    before = ranges.measure_ranges(model, inputs(0))
    (changed,) = (name for name in before if ends(before, name) != ends(found, name))
    assert "pooler" in changed
    least, most = ends(found, changed)
    assert least == -most < 100 * ends(before, changed)[0] < 0


def test_a_loop_is_watched_at_every_turn() -> None:
    """States that shrink from turn to turn are widest in the first, and others in the last."""

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, name="row")])
    def answer(row: tf.Tensor) -> dict[str, tf.Tensor]:
        half = tf.constant(0.5 * np.eye(4, dtype=np.float32))
        grown = tf.zeros_like(row)
        for _ in tf.range(3):
            grown = grown + 1 / row[:, :4]
            row = row @ half
        return {"row": row, "grown": grown}

    module = tf.Module()
    module.answer = answer.get_concrete_function()
    found = ranges.measure_ranges(convert(module), [{"row": np.full((1, 4), 8, np.float32)}])
    widest = {ends(found, name)[1] for name in found}
    # 8, 4, 2 enter the product and 4, 2, 1 leave it; 1/8, 1/4, 1/2 are added up.
    assert {8, 4} <= widest
    assert {0.5, 0.875} <= widest


@pytest.mark.slow
def test_a_row_of_zeros_with_a_bias_is_refused() -> None:
    classifier = build_model()
    layer = products(classifier.backbone)[0]
    layer.bias.assign(np.full(layer.bias.shape, 0.5))  # a query's, which is divided by 32 ** 0.5
    kernel = np.array(layer.kernel)
    kernel[:, 7] = 0
    layer.kernel.assign(kernel)
    content = convert(build_signature(classifier))
    with pytest.raises(ValueError, match=r"row 7 of .* is zero and its bias is 0\.0884"):
        ranges.measure_ranges(content, inputs(0))
    layer.bias.assign(np.zeros(layer.bias.shape))
    assert ranges.measure_ranges(convert(build_signature(classifier)), inputs(0))
