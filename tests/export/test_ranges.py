"""What is measured for static recipes spans enough for biases to fit."""

import numpy as np
import pytest

from albert_tf.export import ranges
from albert_tf.export.centering import centered
from albert_tf.export.convert import convert
from albert_tf.export.entering import measure_entering
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import build_signature
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
def test_inputs_that_hardly_differ_leave_room_for_the_bias(model: bytes, recipe: str) -> None:
    assert error(model, recipe) < 0.03  # of logits of 2


def test_a_bias_without_room_is_cut_off(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(ranges, "_least_span", lambda *_: 0.0)
    assert error(model, "static_wi8_ai16") > 1


def test_every_tensor_of_the_loop_is_seen_at_every_depth(model: bytes) -> None:
    found = ranges.measure_ranges(model, inputs(0))
    states = [value for name, value in found.items() if name.endswith("while_body_arg1")]
    assert states
    widest = max(float(value["max"].max()) for value in states)
    # What enters the first turn is no wider than 5; the norms behind it put out up to 30.
    assert widest > 25


def test_what_spans_enough_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    found = ranges.measure_ranges(model, inputs(0))
    monkeypatch.setattr(ranges, "_least_span", lambda *_: 0.0)
    before = ranges.measure_ranges(model, inputs(0))
    wider = {name for name in before if found[name]["max"].max() > before[name]["max"].max()}
    assert len(wider) == 1  # what enters the pooler
    for name in before.keys() - wider:
        assert found[name]["max"].max() == before[name]["max"].max()
