"""A file is taken apart and put together, and what is added to it is found there."""

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.convert import convert
from albert_tf.export.parsed import add_buffer, assemble, code_of, constant, kind, parse
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import build_signature
from tests.export.test_centering import answers, build_model

KIND = schema.BuiltinOperator


@pytest.fixture(scope="module")
def content() -> bytes:
    return convert(build_signature(build_model()))


@pytest.mark.parametrize("recipe", ["float32", "dynamic_wi8_afp32"])
def test_a_file_survives_being_taken_apart(content: bytes, recipe: str) -> None:
    small = quantize(content, recipe)
    again = assemble(parse(small))
    np.testing.assert_array_equal(answers(again), answers(small))
    assert assemble(parse(again)) == again


def test_operators_and_constants_are_told_apart(content: bytes) -> None:
    model = parse(content)
    main = model.subgraphs[0]
    (loop,) = (operator for operator in main.operators if kind(model, operator) == KIND.WHILE)
    assert constant(model, main.tensors[loop.inputs[1]], np.float32) is None
    lookup = next(found for found in main.operators if kind(model, found) == KIND.EMBEDDING_LOOKUP)
    table = main.tensors[lookup.inputs[1]]
    assert constant(model, table, np.float32).shape == tuple(table.shape)


def test_what_is_added_is_found(content: bytes) -> None:
    model = parse(content)
    codes = len(model.operatorCodes)
    assert code_of(model, KIND.WHILE) < codes  # has one
    assert code_of(model, KIND.IF) == code_of(model, KIND.IF) == codes  # is added, once
    place = add_buffer(model, np.arange(6, dtype=np.int64))
    again = parse(assemble(model))
    assert again.operatorCodes[codes].builtinCode == KIND.IF
    assert again.buffers[place].data.tobytes() == np.arange(6, dtype=np.int64).tobytes()
