"""Flatbuffers are read, by the library's own reader, as they were written."""

import pytest

from albert_tf.export.flat_tables import Byte, flatbuffer
from tests.export.flat_reader import Table


@pytest.fixture
def table() -> Table:
    inner = {0: "n\u00e9", 2: 101}
    content = flatbuffer({0: "first", 1: Byte(5), 3: [inner, {0: "b"}], 4: {1: 7}}, b"T001")
    assert content[4:8] == b"T001"
    return Table.root(content)


def test_a_table_is_read_as_it_was_written(table: Table) -> None:
    assert table.text(0) == "first"
    assert table.integer(1) & 0xFF == 5
    assert [inner.text(0) for inner in table.tables(3)] == ["n\u00e9", "b"]
    assert [inner.integer(2) for inner in table.tables(3)] == [101, 0]
    assert table.table(4).integer(1) == 7


def test_what_was_not_written_is_absent(table: Table) -> None:
    for number in (2, 11):
        assert table.text(number) == ""
        assert table.integer(number) == 0
        assert table.tables(number) == []
