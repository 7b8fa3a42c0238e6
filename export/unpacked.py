"""Lets products of one row read their weights from the file, and not from a copy.

quantize  ->  [unpacked.leave_unpacked]  ->  structure, bundle

XNNPACK copies every weight into an order of its own when a file is loaded, once for each place
that reads it. The loop's body is one such place; where a head reads [CLS] alone, the last
application of the layer is another, and its copy serves one row.

Of weights of 8 bits alone: with these an answer of 24 tokens of albert_base takes 1.02 of the
time, but 1.18 with floats.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.parsed import add_buffer, assemble, code_of, kind, parse, tensors_read

# LiteRT hands no subgraph of such a name to a delegate (lite/core/interpreter.cc), by a rule that
# it calls experimental; a runtime without it copies the weights, and answers the same.
_NOT_DELEGATED = "VALIDATION:one_row_{}"
_FULLY_CONNECTED = schema.BuiltinOperator.FULLY_CONNECTED


def leave_unpacked(model: bytes) -> bytes:
    """Moves products of one row out of XNNPACK's reach.

    Each becomes a subgraph, behind an IF that is always true. That saves 6 MB of 36 for a
    classifier of the size of albert_base.

    Args:
        model: A LiteRT model.

    Returns:
        A LiteRT model with the same weights, which answers the same but for rounding.
    """
    parsed = parse(model)
    main = parsed.subgraphs[0]
    moved = [
        place
        for place, operator in enumerate(main.operators)
        if _is_of_one_row(parsed, main, operator)
    ]
    if not moved:
        return model
    always = _add_true(parsed, main)
    left: set[int] = set()
    for place in moved:
        product = main.operators[place]
        left.update(product.inputs[1:])
        parsed.subgraphs.append(_alone(main, product, len(parsed.subgraphs)))
        main.operators[place] = _if(parsed, product, always)
    _empty(main, left)
    return assemble(parsed)


def _is_of_one_row(model: Any, graph: Any, operator: Any) -> bool:
    """Whether it is a product of one row of floats and a weight of 8 bits."""
    if kind(model, operator) != _FULLY_CONNECTED:
        return False
    row, weight = (graph.tensors[place] for place in operator.inputs[:2])
    sizes = row.shape if row.shapeSignature is None else row.shapeSignature
    return (
        row.type == schema.TensorType.FLOAT32
        and bool(np.all(np.equal(sizes[:-1], 1)))
        and weight.type == schema.TensorType.INT8
        and model.buffers[weight.buffer].data is not None
    )


def _alone(graph: Any, operator: Any, number: int) -> Any:
    """A subgraph of one operator; its constants are those of the file."""
    row, *constants = tensors_read(graph, operator)
    alone = schema.SubGraphT()
    alone.name = _NOT_DELEGATED.format(number).encode()
    alone.tensors = [row, *constants, graph.tensors[operator.outputs[0]]]
    product = copy.copy(operator)
    product.inputs, product.outputs = [*range(1 + len(constants))], [1 + len(constants)]
    # Rounds a row between its least and its largest element, as XNNPACK does.
    product.builtinOptions.asymmetricQuantizeInputs = True
    alone.operators, alone.inputs, alone.outputs = [product], [0], product.outputs
    return alone


def _if(model: Any, operator: Any, condition: int) -> Any:
    """The operator that calls the newest subgraph, whichever way the condition falls."""
    branches = schema.IfOptionsT()
    branches.thenSubgraphIndex = branches.elseSubgraphIndex = len(model.subgraphs) - 1
    call = schema.OperatorT()
    call.opcodeIndex = code_of(model, schema.BuiltinOperator.IF)
    call.inputs, call.outputs = [condition, operator.inputs[0]], operator.outputs
    call.builtinOptionsType, call.builtinOptions = schema.BuiltinOptions.IfOptions, branches
    return call


def _empty(graph: Any, left: set[int]) -> None:
    """Leaves of the constants of moved products no more than their places, if nobody else reads.

    A scale for each row is then said once. Others that no operator reads may be scales
    of blocks, which their weights name.
    """
    for operator in graph.operators:
        left = left.difference(operator.inputs)
    for place in left - {-1}:
        graph.tensors[place] = schema.TensorT()


def _add_true(model: Any, graph: Any) -> int:
    """Adds a constant to a subgraph, and returns its number."""
    constant = schema.TensorT()
    constant.name, constant.type = b"always", schema.TensorType.BOOL
    constant.shape, constant.buffer = [1], add_buffer(model, np.ones(1, np.bool_))
    graph.tensors.append(constant)
    return len(graph.tensors) - 1
