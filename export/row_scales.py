"""Takes the size of each row out of a weight, so that one scale fits all its rows.

convert  ->  [row_scales.move_row_scales]  ->  quantize

Shape letters: N rows looked up, V rows of a weight, E its width.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.parsed import add_buffer, assemble, code_of, constant, kind, parse, stored
from albert_tf.tasks.task import Floats

# In the name of every output of a lookup of scales.
SCALES_NAME = "row_scales"

_FULLY_CONNECTED = schema.BuiltinOperator.FULLY_CONNECTED
_LOOKUP = schema.BuiltinOperator.EMBEDDING_LOOKUP
# f(s x) = s f(x) for s > 0.
_HOMOGENEOUS = {schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU}


def move_row_scales(model: bytes) -> bytes:
    """Divides each row of every weight by its largest element, and multiplies afterwards.

    The model answers as before, but its weights may now be rounded with one scale each and
    lose no more than with one for each row. Runtimes before 2.17 know no other: 2.14 loads
    a file with a scale for each row, takes the first for all, and answers nonsense.

    Args:
        model: A float LiteRT model.

    Returns:
        A float LiteRT model with a MUL behind every FULLY_CONNECTED and EMBEDDING_LOOKUP.
    """
    parsed = parse(model)
    editor = _Editor(parsed)
    for subgraph in parsed.subgraphs:
        subgraph.operators = [
            new for operator in subgraph.operators for new in editor.with_scales(subgraph, operator)
        ]
    return assemble(parsed)


class _Editor:
    """Rewrites operators of one model; a weight that several of them share is kept shared."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._scales: dict[int, tuple[Floats, int]] = {}  # and their buffer, by the weight's
        self._added = 0
        # Weights that something else reads too, which knows nothing of scales.
        self._fixed = {
            subgraph.tensors[index].buffer
            for subgraph in model.subgraphs
            for operator in subgraph.operators
            for place, index in enumerate(operator.inputs)
            if index != -1 and not (place == 1 and self._is_linear(operator))
        }
        self._product = code_of(model, schema.BuiltinOperator.MUL)

    def with_scales(self, subgraph: Any, operator: Any) -> list[Any]:
        """Returns the operators that take the place of one."""
        if not self._is_linear(operator):
            return [operator]
        weight = subgraph.tensors[operator.inputs[1]]
        if weight.buffer in self._fixed or self._values(weight) is None:
            return [operator]
        place = self._lookup if kind(self._model, operator) == _LOOKUP else self._matrix_product
        return place(subgraph, operator, weight)

    def _is_linear(self, operator: Any) -> bool:
        """Whether its second input is a weight whose rows may be scaled afterwards."""
        what = kind(self._model, operator)
        return what == _LOOKUP or (
            what == _FULLY_CONNECTED
            and operator.builtinOptions.fusedActivationFunction in _HOMOGENEOUS
        )

    def _matrix_product(self, subgraph: Any, operator: Any, weight: Any) -> list[Any]:
        # Read by old runtimes alone, where it halves the error; the new ones do so unasked.
        operator.builtinOptions.asymmetricQuantizeInputs = True
        scales, buffer = self._normalize(weight)
        name = weight.name + f"/{SCALES_NAME}".encode()
        factor = self._add_tensor(subgraph, weight, name, [len(scales)], buffer)  # [V]
        if len(operator.inputs) > 2 and operator.inputs[2] != -1:
            bias = subgraph.tensors[operator.inputs[2]]
            divided = add_buffer(self._model, self._values(bias) / scales)
            operator.inputs = [
                *operator.inputs[:2],
                self._add_tensor(subgraph, bias, bias.name + b"/scaled", [len(scales)], divided),
            ]
        return [operator, self._multiply(subgraph, operator, factor)]

    def _lookup(self, subgraph: Any, operator: Any, weight: Any) -> list[Any]:
        scales, buffer = self._normalize(weight)
        rows = subgraph.tensors[operator.outputs[0]]
        picked = copy.copy(operator)
        name = weight.name + f"/{SCALES_NAME}".encode()
        table = self._add_tensor(subgraph, weight, name + b"_table", [len(scales), 1], buffer)
        found = self._add_tensor(subgraph, rows, name, [rows.shape[0], 1], 0)  # [N, 1]
        if rows.shapeSignature is not None:
            subgraph.tensors[found].shapeSignature = [rows.shapeSignature[0], 1]
        picked.inputs, picked.outputs = [operator.inputs[0], table], [found]
        return [operator, picked, self._multiply(subgraph, operator, found)]

    def _multiply(self, subgraph: Any, operator: Any, factor: int) -> Any:
        """The product that takes over an operator's output; the operator gets a new one."""
        output = operator.outputs[0]
        before = copy.copy(subgraph.tensors[output])
        before.name += b"/unscaled"
        subgraph.tensors.append(before)
        operator.outputs = [len(subgraph.tensors) - 1]
        product = schema.OperatorT()
        product.opcodeIndex = self._product
        product.inputs, product.outputs = [operator.outputs[0], factor], [output]
        product.builtinOptionsType = schema.BuiltinOptions.MulOptions
        product.builtinOptions = schema.MulOptionsT()
        return product

    def _normalize(self, weight: Any) -> tuple[Floats, int]:
        """Divides the rows of a weight [V, E], once; returns their sizes [V] and its buffer."""
        if weight.buffer not in self._scales:
            values = self._values(weight)
            sizes = np.abs(values).max(1)
            # A row of zeros stays as it is.
            scales = np.where(sizes > 0, sizes, 1).astype(np.float32)
            self._model.buffers[weight.buffer].data = stored(values / scales[:, None])
            self._scales[weight.buffer] = scales, add_buffer(self._model, scales)
        return self._scales[weight.buffer]

    def _values(self, tensor: Any) -> Any:
        """The numbers of a constant of floats; None for any other tensor."""
        if tensor is None or tensor.type != schema.TensorType.FLOAT32:
            return None
        return constant(self._model, tensor, np.float32)

    def _add_tensor(
        self, subgraph: Any, like: Any, name: bytes, shape: list[int], buffer: int
    ) -> int:
        tensor = copy.copy(like)
        self._added += 1  # the quantizer wants every name once
        tensor.name = name + f"/{self._added}".encode()
        tensor.shape, tensor.buffer = shape, buffer
        tensor.shapeSignature = None
        subgraph.tensors.append(tensor)
        return len(subgraph.tensors) - 1
