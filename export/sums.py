"""Gives sums of products of 16-bit inputs 32 bits wherever these hold them, and 64 elsewhere.

quantize  ->  [sums.fit_sums]

LiteRT multiplies 16-bit inputs by a fast kernel that adds up in 32 bits; only where the bias has
64, as the quantizer writes every bias, by plain loops that add up in 64. What a sum can come to
follows from the weights of its row and from how small an input can get: behind a GELU inputs
are hardly negative, and weights of one sign count alone.

Shape letters: I inputs, O outputs of a product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.parsed import add_buffer, constant, kind, stored, tensors_read

_KIND = schema.BuiltinOperator
_TYPE = schema.TensorType
_PRODUCT = [_TYPE.INT16, _TYPE.INT8]  # its inputs and weights
_INPUT, _SUM = np.iinfo(np.int16), np.iinfo(np.int32)
# The least that an operation puts out.
_LEAST = {_KIND.GELU: -0.1701, _KIND.RELU: 0.0}
_RELU = schema.ActivationFunctionType.RELU


def fit_sums(model: Any) -> None:
    """Gives every product of 16-bit inputs a bias of as many bits as its sums need.

    Args:
        model: A quantized LiteRT model, parsed. After this it answers the same but for the last
            of the 16 bits of an output, and for sums without a bias that passed 32 bits.
    """
    for buffer, readers in _readers(model).items():
        if all(_is_short(model, graph, operator, buffer) for graph, operator in readers):
            values = np.frombuffer(bytes(model.buffers[buffer].data), np.int64)
            model.buffers[buffer].data = stored(values.astype(np.int32))
            for graph, operator in readers:
                graph.tensors[operator.inputs[2]].type = _TYPE.INT32
                operator.builtinOptions.quantizedBiasType = _TYPE.INT32
    for graph in model.subgraphs:
        for operator in graph.operators:
            read = tensors_read(graph, operator)
            if _is_product(model, operator, read) and len(read) == 2:
                _add_long_bias(model, graph, operator)


def _readers(model: Any) -> dict[int, list[tuple[Any, Any]]]:
    """Subgraph and operator of all that read a buffer; an unrolled layer does at each turn."""
    readers: dict[int, list[tuple[Any, Any]]] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            for buffer in {tensor.buffer for tensor in tensors_read(graph, operator)}:
                readers.setdefault(buffer, []).append((graph, operator))
    return readers


def _is_product(model: Any, operator: Any, read: list[Any]) -> bool:
    """Whether it multiplies inputs of 16 bits by constant weights of 8."""
    return (
        kind(model, operator) == _KIND.FULLY_CONNECTED
        and [tensor.type for tensor in read[:2]] == _PRODUCT
        and model.buffers[read[1].buffer].data is not None
    )


def _is_short(model: Any, graph: Any, operator: Any, buffer: int) -> bool:
    """Whether a buffer is the bias of a product, of 64 bits, whose sums fit into 32."""
    read = tensors_read(graph, operator)
    return (
        _is_product(model, operator, read)
        and len(read) == 3
        and read[2].type == _TYPE.INT64
        and read[2].buffer == buffer
        and _fits(model, graph, operator, constant(model, read[2], np.int64))
    )


def _add_long_bias(model: Any, graph: Any, operator: Any) -> None:
    """Where a product has no bias and sums that do not fit: a bias of zeros, for its 64 bits."""
    row, weight = tensors_read(graph, operator)
    zeros = np.zeros(weight.shape[0], np.int64)
    if _fits(model, graph, operator, zeros):
        return
    bias, scales = schema.TensorT(), schema.QuantizationParametersT()
    scales.scale = np.float32(row.quantization.scale[0]) * np.float32(weight.quantization.scale)
    scales.zeroPoint = np.zeros(len(scales.scale), np.int64)
    bias.name, bias.type, bias.quantization = weight.name + b"/no_bias", _TYPE.INT64, scales
    bias.shape, bias.buffer = [len(zeros)], add_buffer(model, zeros)
    graph.tensors.append(bias)
    operator.inputs = [*operator.inputs[:2], len(graph.tensors) - 1]


def _fits(model: Any, graph: Any, operator: Any, bias: Any) -> bool:
    """Whether no sum of a product with this bias [O] passes 32 bits, in whatever order."""
    row, weight = tensors_read(graph, operator)[:2]
    weights = constant(model, weight, np.int8)  # [O, I]
    positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
    least = _least_input(model, graph, operator.inputs[0], row)  # [I]
    largest = positive.sum(1, dtype=np.int64) * _INPUT.max + negative @ least  # [O]
    smallest = negative.sum(1, dtype=np.int64) * _INPUT.max + positive @ least  # [O]
    highest, lowest = largest + np.maximum(bias, 0), smallest + np.minimum(bias, 0)
    return bool(highest.max() <= _SUM.max and lowest.min() >= _SUM.min)


def _least_input(model: Any, graph: Any, place: int, row: Any) -> Any:
    """The least that each input of a product can be, in steps of its scale: int64 [I]."""
    steps = _least(model, graph, place) / np.float64(row.quantization.scale[0])
    return np.broadcast_to(np.clip(np.floor(steps), _INPUT.min, 0), row.shape[-1:]).astype(np.int64)


def _least(model: Any, graph: Any, place: int) -> Any:
    """The least that a tensor can be, for each place of its last axis or for all."""
    sources = [operator for operator in graph.operators if place in operator.outputs]
    if not sources:
        return -np.inf
    what, first = kind(model, sources[0]), sources[0].inputs[0]
    if what in _LEAST:
        return _LEAST[what]
    if what == _KIND.FULLY_CONNECTED:
        return 0.0 if sources[0].builtinOptions.fusedActivationFunction == _RELU else -np.inf
    if _passes_on(graph, what, first, place):
        return _least(model, graph, first)
    if what == _KIND.SUB:  # what `centering` takes from every column
        taken = constant(model, graph.tensors[sources[0].inputs[1]], np.float32)
        if taken is not None and taken.shape == tuple(graph.tensors[place].shape[-1:]):
            return _least(model, graph, first) - taken
    return -np.inf


def _passes_on(graph: Any, what: int, first: int, place: int) -> bool:
    """Whether an operation changes no value by more than a step, and leaves the last axis whole."""
    before, after = graph.tensors[first], graph.tensors[place]
    if what == _KIND.RESHAPE:
        return bool(before.shape[-1] == after.shape[-1])
    return what == _KIND.DEQUANTIZE or (
        what == _KIND.QUANTIZE and bool(before.type == _TYPE.FLOAT32)
    )
