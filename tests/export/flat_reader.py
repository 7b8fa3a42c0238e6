"""Reads a flatbuffer by the numbers of its fields, with the reader of the library."""

from __future__ import annotations

from flatbuffers import number_types
from flatbuffers.table import Table as Cursor


class Table:
    """One table of a flatbuffer.

    Args:
        content: The whole flatbuffer.
        position: Where in it the table is.
    """

    def __init__(self, content: bytes, position: int) -> None:
        self._cursor = Cursor(content, position)

    @classmethod
    def root(cls, content: bytes) -> Table:
        return cls(content, Cursor(content, 0).Indirect(0))

    def text(self, number: int) -> str:
        """A string; empty where the field is absent."""
        place = self._place(number)
        return str(self._cursor.String(place), "utf-8") if place else ""

    def integer(self, number: int) -> int:
        """An unsigned number of 32 bits; 0 where the field is absent."""
        place = self._place(number)
        return int(self._cursor.Get(number_types.Uint32Flags, place)) if place else 0

    def table(self, number: int) -> Table:
        """A table, which must be there."""
        place = self._place(number)
        assert place
        return Table(self._cursor.Bytes, self._cursor.Indirect(place))

    def tables(self, number: int) -> list[Table]:
        """A vector of tables; empty where the field is absent."""
        content, place = self._cursor.Bytes, self._place(number)
        if not place:
            return []
        offset = place - self._cursor.Pos
        start = self._cursor.Vector(offset)
        places = range(start, start + 4 * self._cursor.VectorLen(offset), 4)
        return [Table(content, self._cursor.Indirect(place)) for place in places]

    def _place(self, number: int) -> int:
        offset = self._cursor.Offset(4 + 2 * number)  # two bytes of the vtable for each field
        return self._cursor.Pos + offset if offset else 0
