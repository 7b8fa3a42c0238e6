"""Writes flatbuffers by the numbers of their fields, without generated code.

[flat_tables.flatbuffer]  ->  metadata

The fields of a table are numbered from 0 in the order of its schema. A union has two
numbers: the first says which of its tables is meant.

Source: flatbuffers.dev/internals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers


class Byte(int):
    """A field of 8 bits."""


# A table is a mapping from the numbers of its fields; an int in it is a field of 32 bits.
Value = str | Sequence["Value"] | Mapping[int, "Value | int"]


def flatbuffer(table: Mapping[int, Value | int], identifier: bytes) -> bytes:
    """A flatbuffer that begins with a table.

    Args:
        table: By the numbers of its fields.
        identifier: Four bytes that its schema goes by.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, table), file_identifier=identifier)
    return bytes(builder.Output())


def _write(builder: Any, value: Value) -> int:
    """Writes a string, a table or a list of these, and returns where it is."""
    match value:
        case str():
            return int(builder.CreateString(value))
        case Mapping():
            return _write_table(builder, value)
        case _:
            return _write_list(builder, value)


def _write_table(builder: Any, table: Mapping[int, Value | int]) -> int:
    places = {
        number: _write(builder, value)
        for number, value in table.items()
        if not isinstance(value, int)
    }
    builder.StartObject(1 + max(table))
    for number, value in table.items():
        if number in places:
            builder.PrependUOffsetTRelativeSlot(number, places[number], 0)
        elif isinstance(value, Byte):
            builder.PrependUint8Slot(number, value, 0)
        else:
            builder.PrependUint32Slot(number, value, 0)
    return int(builder.EndObject())


def _write_list(builder: Any, values: Sequence[Value]) -> int:
    places = [_write(builder, value) for value in values]
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return int(builder.EndVector())
