"""Reads and writes flatbuffers by the numbers of their fields, without generated code.

[flat_tables.Table, flat_tables.write]  ->  model_file, metadata

The fields of a table are numbered from 0 in the order of its schema. A union has two
numbers: the first says which of its tables is meant.

Source: flatbuffers.dev/internals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import number_types
from flatbuffers.table import Table as Cursor
from numpy.typing import NDArray

ALIGNMENT = 16  # bytes, of the contents of a LiteRT file
_FIRST_SLOT, _SLOT = 4, 2  # bytes of a vtable before its slots, and of each slot


class Byte(int):
    """A field of 8 bits."""


class Written(int):
    """Something that a builder holds already, by its distance from the end."""


# A table is a mapping from the numbers of its fields; an int in it is a field of 32 bits.
Value = Written | str | bytes | Sequence["Value"] | Mapping[int, "Value | int"]


class Table:
    """One table of a flatbuffer.

    Args:
        content: The whole flatbuffer.
        position: Where in it the table is.
    """

    def __init__(self, content: bytes | bytearray, position: int) -> None:
        self._cursor = Cursor(content, position)

    @classmethod
    def root(cls, content: bytes | bytearray) -> Table:
        """The table that a flatbuffer begins with."""
        return cls(content, Cursor(content, 0).Indirect(0))

    @property
    def position(self) -> int:
        """Where in the flatbuffer the table is."""
        return int(self._cursor.Pos)

    @property
    def size(self) -> int:
        """How many fields the writer of this table knew, at most."""
        vtable = self.position - self._cursor.Get(number_types.SOffsetTFlags, self.position)
        length = self._cursor.Get(number_types.VOffsetTFlags, vtable)
        return int(length - _FIRST_SLOT) // _SLOT

    def target(self, number: int) -> int | None:
        """Where the string, vector or table of a field is; None where it is absent."""
        place = self._place(number)
        return int(self._cursor.Indirect(place)) if place else None

    def text(self, number: int) -> str:
        """A string; empty where the field is absent."""
        place = self._place(number)
        return str(self._cursor.String(place), "utf-8") if place else ""

    def integer(self, number: int) -> int:
        """An unsigned number of 32 bits; 0 where the field is absent."""
        place = self._place(number)
        return int(self._cursor.Get(number_types.Uint32Flags, place)) if place else 0

    def integers(self, number: int) -> NDArray[np.int32]:
        """A vector of numbers, empty where the field is absent.

        Writing to it changes the flatbuffer, where that is a bytearray.
        """
        place = self._place(number)
        if not place:
            return np.empty(0, np.int32)
        offset = place - self.position
        return np.asarray(self._cursor.GetVectorAsNumpy(number_types.Int32Flags, offset))

    def tables(self, number: int) -> list[Table]:
        """A vector of tables; empty where the field is absent."""
        content, place = self._cursor.Bytes, self._place(number)
        if not place:
            return []
        offset = place - self.position
        start = self._cursor.Vector(offset)
        places = range(start, start + 4 * self._cursor.VectorLen(offset), 4)
        return [Table(content, self._cursor.Indirect(place)) for place in places]

    def _place(self, number: int) -> int:
        offset = self._cursor.Offset(_FIRST_SLOT + _SLOT * number)
        return self.position + offset if offset else 0


def write(builder: Any, value: Value) -> Written:
    """Writes a value and returns where it is.

    Args:
        builder: A `flatbuffers.Builder`.
        value: A string, bytes, a table, or a list of any of these.
    """
    match value:
        case Written():
            return value
        case str():
            return Written(builder.CreateString(value))
        case bytes():
            return _write_bytes(builder, value)
        case Mapping():
            return _write_table(builder, value)
        case _:
            return _write_list(builder, value)


def place_bytes(builder: Any, content: bytes) -> Written:
    """Writes bytes so that they keep their alignment, and returns where the first is."""
    builder.StartVector(1, len(content), ALIGNMENT)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    start = Written(builder.Offset())
    builder.EndVector()
    return start


def flatbuffer(table: Mapping[int, Value | int], identifier: bytes) -> bytes:
    """A flatbuffer that begins with a table.

    Args:
        table: By the numbers of its fields.
        identifier: Four bytes that its schema goes by.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(write(builder, table), file_identifier=identifier)
    return bytes(builder.Output())


def _write_bytes(builder: Any, content: bytes) -> Written:
    place_bytes(builder, content)
    return Written(builder.Offset())


def _write_table(builder: Any, table: Mapping[int, Value | int]) -> Written:
    fields = {
        number: value if isinstance(value, int) else write(builder, value)
        for number, value in table.items()
    }
    builder.StartObject(1 + max(fields))
    for number, field in fields.items():
        if isinstance(field, Written):
            builder.PrependUOffsetTRelativeSlot(number, field, 0)
        elif isinstance(field, Byte):
            builder.PrependUint8Slot(number, field, 0)
        else:
            builder.PrependUint32Slot(number, field, 0)
    return Written(builder.EndObject())


def _write_list(builder: Any, values: Sequence[Value]) -> Written:
    targets = [write(builder, value) for value in values]
    builder.StartVector(4, len(targets), 4)
    for target in reversed(targets):
        builder.PrependUOffsetTRelative(target)
    return Written(builder.EndVector())
