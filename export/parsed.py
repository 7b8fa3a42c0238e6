"""A `.tflite` file taken apart: what the steps of an export read of it, and put into it.

[parsed]  ->  row_scales, rounding, sums, unpacked, structure
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils


def parse(content: bytes) -> Any:
    """Takes a LiteRT model apart, into objects of its schema (`ModelT`).

    Weights that are stored behind the flatbuffer come as a bytearray each, which the writer would
    write one by one; they are kept as arrays here.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for buffer in model.buffers:
        if isinstance(buffer.data, bytearray):
            buffer.data = np.frombuffer(buffer.data, np.uint8)
    return model


def assemble(model: Any) -> bytes:
    """Puts a LiteRT model together again."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def kind(model: Any, operator: Any) -> int:
    """What an operator does, of `schema.BuiltinOperator`."""
    return int(model.operatorCodes[operator.opcodeIndex].builtinCode)


def tensors_read(graph: Any, operator: Any) -> list[Any]:
    """The inputs of an operator that it has."""
    return [graph.tensors[place] for place in operator.inputs if place != -1]


def code_of(model: Any, wanted: int) -> int:
    """Place of the code of a kind of operators; where there is none, version 1 is added."""
    for place, code in enumerate(model.operatorCodes):
        if code.builtinCode == wanted:
            return place
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = wanted, 1
    code.deprecatedBuiltinCode = min(wanted, 127)
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def constant(model: Any, tensor: Any, number: type) -> Any:
    """The numbers of a constant, in its shape; None for any other tensor."""
    data = model.buffers[tensor.buffer].data
    return None if data is None else np.frombuffer(bytes(data), number).reshape(tensor.shape)


def stored(numbers: Any) -> Any:
    """An array as a buffer keeps it."""
    return np.frombuffer(np.ascontiguousarray(numbers).tobytes(), np.uint8)


def add_buffer(model: Any, numbers: Any) -> int:
    """Adds a buffer of these numbers, and returns its place."""
    buffer = schema.BufferT()
    buffer.data = stored(numbers)
    model.buffers.append(buffer)
    return len(model.buffers) - 1
