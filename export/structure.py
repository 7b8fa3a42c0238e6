"""What a `.tflite` file must be made of: LiteRT's own operations, and every weight once.

quantize  ->  [structure.check_structure]  ->  bundle
"""

from __future__ import annotations

from typing import Any

from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.parsed import parse

# Of a matrix. Smaller ones are shapes and paddings, which may be equal by chance.
_SMALLEST_WEIGHT = 1024  # bytes


def check_structure(content: bytes) -> None:
    """Looks for what makes a file fail on a phone, or larger than it need be.

    Args:
        content: A LiteRT model.

    Raises:
        ValueError: it has an operation that plain LiteRT lacks, such as Flex, or keeps the
            same weights twice.
    """
    model = parse(content)
    foreign = sorted({_name(code) for code in model.operatorCodes if code.customCode})
    if foreign:
        raise ValueError(f"the file must use operations of LiteRT alone; it has {foreign}.")
    names: dict[bytes, tuple[int, str]] = {}
    for buffer, name in _weights(model):
        first_buffer, first_name = names.setdefault(
            bytes(model.buffers[buffer].data), (buffer, name)
        )
        if first_buffer != buffer:
            raise ValueError(
                f"the file must keep every weight once; {first_name} and {name} are the same."
            )


def _name(code: Any) -> str:
    custom = code.customCode
    return custom.decode() if isinstance(custom, bytes) else str(custom)


def _weights(model: Any) -> list[tuple[int, str]]:
    """Index of the buffer and name of every constant matrix."""
    return [
        (tensor.buffer, tensor.name.decode())
        for subgraph in model.subgraphs
        for tensor in subgraph.tensors
        if tensor.shape is not None
        and len(tensor.shape) >= 2
        and tensor.type != schema.TensorType.STRING
        and (data := model.buffers[tensor.buffer].data) is not None
        and len(data) >= _SMALLEST_WEIGHT
    ]
