"""Changes what a LiteRT file says of itself, never its weights or operations.

quantize  ->  [model_file.arrange_inputs, model_file.add_buffer]  ->  metadata

Shape letters: T tokens.

Source: tensorflow/lite/schema/schema.fbs for the numbers of the fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import flatbuffers

from albert_tf.export.flat_tables import Table, Value, Written, place_bytes, write

_IDENTIFIER = b"TFL3"
_ROOM = 4096  # bytes; more than is written besides contents and vectors


class _Model(IntEnum):
    VERSION = 0  # the only field that is a number
    SUBGRAPHS = 2
    BUFFERS = 4
    METADATA = 6
    SIGNATURES = 7


class _Subgraph(IntEnum):
    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2


class _Tensor(IntEnum):
    SHAPE = 0
    SHAPE_SIGNATURE = 7  # -1 where any size is taken


class _Signature(IntEnum):
    INPUTS = 0
    OUTPUTS = 1


class _Named(IntEnum):  # a tensor of a signature, or an entry of the metadata
    NAME = 0
    NUMBER = 1  # of the tensor, or of the buffer


def arrange_inputs(model: bytes, names: Sequence[str], length: int | None = None) -> bytes:
    """Puts the inputs in an order, for clients that know them by their places.

    Args:
        model: A LiteRT model.
        names: Every input of its first signature.
        length: The T that an interpreter begins with, where the model takes any; None
            leaves it as it is, which is 1.
    """
    content = bytearray(model)
    root = Table.root(content)
    subgraph = root.tables(_Model.SUBGRAPHS)[0]
    numbers = _numbers(root, _Signature.INPUTS)
    subgraph.integers(_Subgraph.INPUTS)[:] = [numbers[name] for name in names]
    if length is not None:
        tensors = subgraph.tables(_Subgraph.TENSORS)
        for number in numbers.values():
            any_size = tensors[number].integers(_Tensor.SHAPE_SIGNATURE) == -1
            if any_size.any():
                tensors[number].integers(_Tensor.SHAPE)[any_size] = length
    return bytes(content)


def input_names(model: bytes) -> list[str]:
    """The inputs of the first signature, in the order of the file."""
    return _names(model, _Subgraph.INPUTS, _Signature.INPUTS)


def output_names(model: bytes) -> list[str]:
    """The outputs of the first signature, in the order of the file."""
    return _names(model, _Subgraph.OUTPUTS, _Signature.OUTPUTS)


def _names(model: bytes, order: _Subgraph, side: _Signature) -> list[str]:
    root = Table.root(model)
    names = {number: name for name, number in _numbers(root, side).items()}
    return [names[number] for number in root.tables(_Model.SUBGRAPHS)[0].integers(order)]


def _numbers(root: Table, side: _Signature) -> dict[str, int]:
    """The numbers of the tensors of the first signature by their names."""
    tensors = root.tables(_Model.SIGNATURES)[0].tables(side)
    return {tensor.text(_Named.NAME): tensor.integer(_Named.NUMBER) for tensor in tensors}


def add_buffer(model: bytes, name: str, content: bytes) -> bytes:
    """Adds an entry to the metadata of a model.

    A flatbuffer points only forwards, so a new first table before the old file can take
    over all that the old one held; no weight is moved or copied.

    Args:
        model: A LiteRT model.
        name: Of the entry.
        content: Of the buffer that the entry names.
    """
    root = Table.root(model)
    buffers, entries = root.tables(_Model.BUFFERS), root.tables(_Model.METADATA)
    room = _ROOM + 4 * (len(buffers) + len(entries))
    builder = flatbuffers.Builder(len(model) + len(content) + room)
    start = place_bytes(builder, model)

    def kept(tables: Sequence[Table]) -> list[Value]:
        return [Written(start - table.position) for table in tables]

    fields: dict[int, Value | int] = {_Model.VERSION: root.integer(_Model.VERSION)}
    for number in range(1, root.size):
        target = root.target(number)
        if target is not None:
            fields[number] = Written(start - target)
    fields[_Model.BUFFERS] = [*kept(buffers), {0: content}]
    entry: dict[int, Value | int] = {_Named.NAME: name, _Named.NUMBER: len(buffers)}
    fields[_Model.METADATA] = [*kept(entries), entry]
    builder.Finish(write(builder, fields), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())
