"""Tensors are bound by name, at any length, and outputs outlive the next call."""

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.export.convert import convert
from albert_tf.runtime.contract import TensorRecord
from albert_tf.runtime.engine import Engine


def difference_and_sum(*shape: int | None) -> Engine:
    """Gives the difference and the sum of two inputs."""
    module = tf.Module()
    spec = tf.TensorSpec(shape, tf.int32)
    module.answer = tf.function(
        lambda minuend, subtrahend: {"less": minuend - subtrahend, "more": minuend + subtrahend}
    ).get_concrete_function(minuend=spec, subtrahend=spec)
    return Engine(convert(module))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return difference_and_sum(1, None)


@pytest.fixture(scope="module")
def fixed() -> Engine:
    return difference_and_sum(3, 5)


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


def test_an_answer_outlives_the_next_of_the_same_length(engine: Engine) -> None:
    first = engine.run({"minuend": ints(5, 6), "subtrahend": ints(2, 2)})
    engine.run({"minuend": ints(7, 8), "subtrahend": ints(2, 2)})
    assert first["less"].tolist() == [[3, 4]]


def test_tensors_are_described_as_the_file_has_them(engine: Engine, fixed: Engine) -> None:
    assert engine.inputs["minuend"] == TensorRecord("int32", (1, None))
    assert fixed.outputs["less"] == TensorRecord("int32", (3, 5))


def test_fixed_sizes_are_filled_with_zeros(fixed: Engine) -> None:
    outputs = fixed.run({"minuend": ints(7, 8), "subtrahend": ints(2, 3)})
    assert outputs["less"].tolist() == [[5, 5, 0, 0, 0]]  # rows that were added are gone


def test_what_exceeds_a_fixed_size_is_refused(fixed: Engine) -> None:
    long = ints(*range(7))
    with pytest.raises(ValueError, match=r"minuend must be at most \[3, 5\]; got \[1, 7\]"):
        fixed.run({"minuend": long, "subtrahend": long})


def test_what_litert_refuses_is_an_error_and_the_next_call_works(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"does not answer inputs of .*\(1, 2\)"):
        engine.run({"minuend": ints(1, 2).astype(np.int64), "subtrahend": ints(1, 2)})
    assert engine.run({"minuend": ints(5), "subtrahend": ints(2)})["less"].tolist() == [[3]]


def test_an_error_names_its_own_cause_alone() -> None:
    """LiteRT says again what it has said of calls before."""
    engine = difference_and_sum(1, None)

    def refused(length: int, kind: type = np.int32) -> str:
        with pytest.raises(ValueError, match="does not answer") as caught:
            engine.run({"minuend": ints(1, 2).astype(kind), "subtrahend": ints(*range(length))})
        return str(caught.value).split("}: ")[1]

    first, second, again = refused(3), refused(5), refused(5)
    assert "[1,3]" in first
    assert "[1,5]" in second
    assert "[1,3]" not in second
    assert again == second
    assert refused(2, np.int64) == refused(2, np.int64) != ""


def test_an_input_of_another_rank_is_named(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"minuend must have 2 sizes; got \[3\]"):
        engine.run({"minuend": ints(1, 2, 3)[0], "subtrahend": ints(1, 2, 3)})


def test_other_names_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"inputs must be .'minuend', 'subtrahend'.; got .'x'."):
        engine.run({"x": ints(1)})


def test_a_file_that_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="the file is not a usable LiteRT model"):
        Engine(b"not a model at all")
