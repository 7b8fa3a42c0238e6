"""Flatbuffers are read as they were written, and contents keep their alignment."""

from albert_tf.export.flat_tables import ALIGNMENT, Byte, Table, flatbuffer

CONTENT = bytes(range(7))


def some_table() -> bytes:
    inner = {0: "né", 2: 101}
    return flatbuffer({0: "first", 1: Byte(5), 3: [inner, {0: "b"}], 4: CONTENT}, b"T001")


def test_a_table_is_read_as_it_was_written() -> None:
    table = Table.root(some_table())
    assert some_table()[4:8] == b"T001"
    assert table.text(0) == "first"
    assert [inner.text(0) for inner in table.tables(3)] == ["né", "b"]
    assert [inner.integer(2) for inner in table.tables(3)] == [101, 0]
    assert table.size == 5


def test_an_absent_field_is_empty() -> None:
    table = Table.root(some_table())
    for number in (2, 11):
        assert table.target(number) is None
        assert table.text(number) == ""
        assert table.integer(number) == 0
        assert table.tables(number) == []
        assert table.integers(number).size == 0


def test_contents_begin_at_a_multiple_of_sixteen() -> None:
    flat = some_table()
    assert flat.count(CONTENT) == 1
    assert flat.index(CONTENT) % ALIGNMENT == 0
