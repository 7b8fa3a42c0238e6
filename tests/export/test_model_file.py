"""A LiteRT file says other things of itself, and answers as before."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from albert_tf.export.convert import convert
from albert_tf.export.model_file import add_buffer, arrange_inputs, input_names, output_names
from albert_tf.export.signature import build_signature
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.runtime.engine import Engine
from tests.conftest import TINY

ORDER = ["padding_mask", "token_ids", "segment_ids"]
BATCH = {
    "token_ids": np.array([[2, 13, 17, 3, 0]], np.int32),
    "segment_ids": np.array([[0, 1, 1, 1, 0]], np.int32),
    "padding_mask": np.array([[1, 1, 1, 1, 0]], np.int32),
}


@pytest.fixture(scope="module")
def model() -> bytes:
    keras.utils.set_random_seed(0)
    return convert(build_signature(AlbertQuestionAnswerer(AlbertBackbone(TINY))))


def assert_answers_alike(first: bytes, second: bytes) -> None:
    expected, found = Engine(first).run(BATCH), Engine(second).run(BATCH)
    for name in ("start", "end"):
        np.testing.assert_array_equal(found[name], expected[name])


def shapes(model: bytes) -> list[list[int]]:
    interpreter = Interpreter(model_content=model)
    return [tensor["shape"].tolist() for tensor in interpreter.get_input_details()]


def test_inputs_stand_in_the_order_asked_for(model: bytes) -> None:
    arranged = arrange_inputs(model, ORDER)
    assert input_names(model) != ORDER
    assert input_names(arranged) == ORDER
    details = Interpreter(model_content=arranged).get_input_details()
    assert [tensor["name"] for tensor in details] == [f"serving_default_{n}:0" for n in ORDER]
    assert_answers_alike(model, arranged)


def test_a_model_of_any_length_begins_with_the_one_asked_for(model: bytes) -> None:
    assert shapes(model) == [[1, 1]] * 3
    arranged = arrange_inputs(model, ORDER, 53)
    assert shapes(arranged) == [[1, 53]] * 3
    details = Interpreter(model_content=arranged).get_input_details()
    assert all(tensor["shape_signature"].tolist() == [1, -1] for tensor in details)
    assert_answers_alike(model, arranged)


def test_a_model_of_one_length_keeps_it() -> None:
    module = tf.Module()
    module.answer = tf.function(lambda x: {"y": x + 1}).get_concrete_function(
        x=tf.TensorSpec([1, 7], tf.int32, name="x")
    )
    assert shapes(arrange_inputs(convert(module), ["x"], 53)) == [[1, 7]]


def test_outputs_are_named_in_the_order_of_the_file(model: bytes) -> None:
    details = Interpreter(model_content=model).get_output_details()
    runner = Interpreter(model_content=model).get_signature_runner("serving_default")
    names = {tensor["index"]: name for name, tensor in runner.get_output_details().items()}
    assert output_names(model) == [names[tensor["index"]] for tensor in details]


def test_a_buffer_is_added_and_all_else_stays_once_as_it_was(model: bytes) -> None:
    added = add_buffer(model, "NOTE", b"remember")
    assert added.count(model) == 1
    # A table, the numbers of all buffers, and the entry.
    assert len(added) - len(model) < 2_000
    assert added.index(model) % 16 == 0
    assert_answers_alike(model, added)


def test_buffers_can_be_added_one_after_the_other(model: bytes) -> None:
    added = add_buffer(add_buffer(model, "FIRST", b"1"), "SECOND", b"22")
    assert added.count(model) == 1
    assert_answers_alike(model, added)
