"""Tensors are bound by name, at any length, and outputs outlive the next call."""

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.export.convert import convert
from albert_tf.runtime.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Gives the difference and the sum of two inputs."""
    module = tf.Module()
    spec = tf.TensorSpec([1, None], tf.int32)
    module.answer = tf.function(
        lambda minuend, subtrahend: {"less": minuend - subtrahend, "more": minuend + subtrahend}
    ).get_concrete_function(minuend=spec, subtrahend=spec)
    return Engine(convert(module))


def ints(*values: int) -> np.ndarray:
    return np.array([values], np.int32)


def test_names_decide_which_tensor_is_which(engine: Engine) -> None:
    outputs = engine.run({"subtrahend": ints(1, 2, 3), "minuend": ints(10, 10, 10)})
    assert outputs["less"].tolist() == [[9, 8, 7]]
    assert outputs["more"].tolist() == [[11, 12, 13]]


def test_every_call_may_have_another_length(engine: Engine) -> None:
    first = engine.run({"minuend": ints(5), "subtrahend": ints(2)})
    second = engine.run({"minuend": ints(7, 8), "subtrahend": ints(2, 2)})
    assert first["less"].tolist() == [[3]]
    assert second["less"].tolist() == [[5, 6]]


def test_other_names_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"inputs must be .'minuend', 'subtrahend'.; got .'x'."):
        engine.run({"x": ints(1)})


def test_a_file_that_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="the file is not a usable LiteRT model"):
        Engine(b"not a model at all")
