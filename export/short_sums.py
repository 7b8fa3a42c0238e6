"""Lets products of 16-bit inputs add up in 32 bits, wherever no sum can pass them.

quantize  ->  [short_sums.shorten_sums]

LiteRT has a fast kernel for products of 16-bit inputs, which adds up in 32 bits, for a bias of
32 bits; for one of 64, as the quantizer writes it, plain loops that add up in 64. What a sum can
come to follows from the weights of its row and from how small an input can get: behind a GELU
inputs are hardly negative, and weights of one sign count alone.

Shape letters: I inputs, O outputs of a product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.parsed import assemble, constant, kind, parse, stored

_KIND = schema.BuiltinOperator
_TYPE = schema.TensorType
_LONG = [_TYPE.INT16, _TYPE.INT8, _TYPE.INT64]  # inputs, weights, bias
_INPUT, _SUM = np.iinfo(np.int16), np.iinfo(np.int32)
# The least that an operation puts out.
_LEAST = {_KIND.GELU: -0.1701, _KIND.RELU: 0.0}


def shorten_sums(model: bytes) -> bytes:
    """Gives a bias of 32 bits to every product whose sums fit into as many.

    Args:
        model: A quantized LiteRT model.

    Returns:
        A LiteRT model that answers the same but for the last of the 16 bits of an output.
    """
    parsed = parse(model)
    for buffer, readers in _readers(parsed).items():
        if all(_is_short(parsed, graph, operator, buffer) for graph, operator in readers):
            values = np.frombuffer(bytes(parsed.buffers[buffer].data), np.int64)
            parsed.buffers[buffer].data = stored(values.astype(np.int32))
            for graph, operator in readers:
                graph.tensors[operator.inputs[2]].type = _TYPE.INT32
                operator.builtinOptions.quantizedBiasType = _TYPE.INT32
    return assemble(parsed)


def _readers(model: Any) -> dict[int, list[tuple[Any, Any]]]:
    """Subgraph and operator of all that read a buffer, which an unrolled layer is at its turns."""
    readers: dict[int, list[tuple[Any, Any]]] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            for buffer in {graph.tensors[place].buffer for place in operator.inputs if place != -1}:
                readers.setdefault(buffer, []).append((graph, operator))
    return readers


def _is_short(model: Any, graph: Any, operator: Any, buffer: int) -> bool:
    """Whether a buffer is the bias of a product, of 64 bits, whose sums fit into 32."""
    read = [graph.tensors[place] for place in operator.inputs if place != -1]
    if (
        kind(model, operator) != _KIND.FULLY_CONNECTED
        or [tensor.type for tensor in read] != _LONG
        or read[2].buffer != buffer
    ):
        return False
    weight, bias = constant(model, read[1], np.int8), constant(model, read[2], np.int64)
    return _fits(weight.astype(np.int64), bias, _least_input(model, graph, operator.inputs[0]))


def _fits(weight: Any, bias: Any, least: Any) -> bool:
    """Whether no sum passes 32 bits, in whatever order it is added up.

    Args:
        weight: int64 [O, I].
        bias: int64 [O].
        least: int64 [I]. The least that each input can be, 0 or less.
    """
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    highest = positive.sum(1) * _INPUT.max + negative @ least + np.maximum(bias, 0)  # [O]
    lowest = negative.sum(1) * _INPUT.max + positive @ least + np.minimum(bias, 0)  # [O]
    return bool(highest.max() <= _SUM.max and lowest.min() >= _SUM.min)


def _least_input(model: Any, graph: Any, place: int) -> Any:
    """The least that each input of a product can be, in steps of its scale: int64 [I]."""
    row = graph.tensors[place]
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
    if what == _KIND.QUANTIZE or (what == _KIND.RESHAPE and _width(graph, first, place)):
        return _least(model, graph, first)
    if what == _KIND.SUB:  # what `centering` takes from every column
        taken = constant(model, graph.tensors[sources[0].inputs[1]], np.float32)
        return -np.inf if taken is None else _least(model, graph, first) - taken
    return -np.inf


def _width(graph: Any, place: int, other: int) -> bool:
    """Whether two tensors have a last axis of the same size."""
    return bool(graph.tensors[place].shape[-1] == graph.tensors[other].shape[-1])
