"""A JSON file gives an object, or an error that names the file."""

from pathlib import Path

import pytest

from albert_tf.json_file import read_json_object, write_json_object


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "it.json is not JSON"),
        (b"[" * 100_000, "it.json is not JSON"),
        (b"\xff", "it.json is not JSON"),
        (b"[]", "it.json must hold a JSON object; got list"),
    ],
)
def test_anything_else_is_an_error(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "it.json").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_json_object(tmp_path / "it.json")


def test_a_name_that_is_not_unicode_is_written_and_read_again(tmp_path: Path) -> None:
    values = {"caf\udce9.txt": "\uc608"}
    write_json_object(tmp_path / "it.json", values)
    assert read_json_object(tmp_path / "it.json") == values
    assert "\uc608" in (tmp_path / "it.json").read_text(encoding="utf-8")


def test_an_object_is_read_and_an_absent_file_named(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text('{"a": 1}')
    assert read_json_object(tmp_path / "it.json") == {"a": 1}
    with pytest.raises(FileNotFoundError, match=r"no.json is missing"):
        read_json_object(tmp_path / "no.json")
