"""A file with a foreign operation, or with a weight in it twice, is refused."""

import copy

import pytest
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.export.convert import convert
from albert_tf.export.signature import build_signature
from albert_tf.export.structure import check_structure
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from tests.conftest import TINY


@pytest.fixture(scope="module")
def model() -> bytes:
    return convert(build_signature(AlbertQuestionAnswerer(AlbertBackbone(TINY))))


def test_an_export_has_every_weight_once(model: bytes) -> None:
    check_structure(model)


def test_a_weight_that_is_kept_twice_is_named(model: bytes) -> None:
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    graph = parsed.subgraphs[0]
    table = next(tensor for tensor in graph.tensors if tensor.shape[0] == TINY.vocab_size)
    second = copy.copy(table)
    second.name, second.buffer = b"second", len(parsed.buffers)
    parsed.buffers.append(copy.copy(parsed.buffers[table.buffer]))
    graph.tensors.append(second)
    twice = bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))
    with pytest.raises(ValueError, match=r"keep every weight once; .* and second are the same"):
        check_structure(twice)


def test_an_operation_of_tensorflow_is_named() -> None:
    function = tf.function(lambda x: tf.raw_ops.Digamma(x=x))
    concrete = function.get_concrete_function(tf.TensorSpec([3], tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.allow_custom_ops = True
    with pytest.raises(ValueError, match=r"operations of LiteRT alone; it has \['Digamma'\]"):
        check_structure(converter.convert())
