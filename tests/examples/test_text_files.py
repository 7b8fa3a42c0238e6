"""Lines are read from any file, in bounded memory, and nothing is changed unsaid."""

import gzip
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from albert_tf.examples.text_files import LineReader, cut, find_files

TEXT = "The café is open.\n학교에 갑니다.\n\nlast" * 5000


def pack_zstd(content: bytes) -> bytes:
    """Two frames, the second without its size, as a stream writes it."""
    half = len(content) // 2
    stream = zstandard.ZstdCompressor().compressobj()
    first = zstandard.ZstdCompressor(write_checksum=True).compress(content[:half])
    return first + stream.compress(content[half:]) + stream.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".xz": lzma.compress, ".zst": pack_zstd,
}  # fmt: skip


def lines(path: Path, content: bytes, reader: LineReader | None = None) -> list[str]:
    path.write_bytes(content)
    return [line for line, _ in (reader or LineReader()).lines(path)]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_compressed_file_reads_as_the_plain_one(tmp_path: Path, suffix: str) -> None:
    reader = LineReader()
    packed = PACKERS[suffix](TEXT.encode())
    assert lines(tmp_path / f"a.txt{suffix}", packed, reader) == TEXT.split("\n")
    assert reader.position == len(packed)


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("damage", ["truncated", "not packed", "changed"])
def test_a_damaged_compressed_file_is_named(tmp_path: Path, suffix: str, damage: str) -> None:
    packed = bytearray(PACKERS[suffix](TEXT.encode()))
    if damage == "truncated":
        del packed[-7:]
    elif damage == "not packed":
        packed = bytearray(TEXT.encode())
    else:
        packed[len(packed) // 3] ^= 0xFF
    with pytest.raises(ValueError, match=rf"a\.txt\{suffix} is damaged or no \{suffix} file"):
        lines(tmp_path / f"a.txt{suffix}", bytes(packed))


def test_bytes_that_are_not_utf8_are_replaced_and_counted(tmp_path: Path) -> None:
    reader = LineReader()
    assert lines(tmp_path / "a", b"a\xff\xfeb \xef\xbf\xbd\n\xe2\x82", reader) == [
        "a\ufffd\ufffdb \ufffd", "\ufffd",
    ]  # fmt: skip
    assert reader.replaced == 3  # the one that was written is no repair


def test_a_character_across_blocks_stays_whole(tmp_path: Path) -> None:
    reader = LineReader()
    text = "x" + "가\ufffd" * 400_000  # 2.4 MB: blocks end inside characters
    assert "".join(lines(tmp_path / "a", text.encode(), reader)) == text
    assert reader.replaced == 0


def test_marks_of_the_byte_order_and_foreign_line_ends_go(tmp_path: Path) -> None:
    assert lines(tmp_path / "a", b"\xef\xbb\xbfa\r\nb\rc\n") == ["a", "b", "c"]


@pytest.mark.parametrize("content", [b"\x7fELF\x02\x00\x01", "text".encode("utf-16")])
def test_a_binary_file_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match="a must be UTF-8 text; it holds NUL bytes"):
        lines(tmp_path / "a", content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_nul_anywhere_is_named_with_its_place(tmp_path: Path, suffix: str) -> None:
    content = b"some text\n" * 250_000 + b"\x01\0" * 500
    packed = PACKERS[suffix](content) if suffix else content
    with pytest.raises(ValueError, match=r"it holds NUL bytes, the first after 2,500,001 others"):
        lines(tmp_path / f"a.txt{suffix}", packed)


ICELANDIC = "Þá örvænti þjóðin öll, því að síðasti báturinn var ókominn í höfn á góðum tíma.\n"
THAI = "ครอบครัวที่มีความสุขทุกครอบครัวเหมือนกัน\n"


@pytest.mark.parametrize("content", [
    np.random.default_rng(0).integers(1, 256, 5000, np.uint8).tobytes(),  # holds no NUL
    (THAI * 50).encode("cp874"),
    ("모든 행복한 가정은 서로 닮았다.\n" * 50).encode("euc-kr"),
])  # fmt: skip
def test_a_file_of_which_over_a_third_is_not_utf8_is_named(tmp_path: Path, content: bytes) -> None:
    words = rf"a must be UTF-8 text; [\d,]+ of its first {len(content):,} bytes are none"
    with pytest.raises(ValueError, match=words):
        lines(tmp_path / "a", content)


def test_text_in_latin_1_is_read_and_what_is_replaced_is_counted(tmp_path: Path) -> None:
    reader = LineReader()
    accents = sum(letter > "\x7f" for letter in ICELANDIC)
    assert accents / len(ICELANDIC) > 0.2  # more than in any long text of that language
    lines(tmp_path / "a", (ICELANDIC * 500).encode("latin-1"), reader)
    assert reader.replaced == 500 * accents
    assert lines(tmp_path / "b", THAI.encode("cp874"), reader)  # too short to tell


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert lines(tmp_path / "a", b"") == []


def test_a_long_line_is_cut_at_spaces_and_counted_once(tmp_path: Path) -> None:
    reader = LineReader()
    (tmp_path / "a").write_text("one two three four\nfive\n" + "x" * 25)
    pieces = list(reader.lines(tmp_path / "a", longest=10))
    assert pieces == [
        ("one two ", False), ("three four", True), ("five", True),
        ("x" * 10, False), ("x" * 10, False), ("x" * 5, True),
    ]  # fmt: skip
    assert reader.cut_lines == 2


def test_where_a_line_is_cut_does_not_depend_on_blocks(tmp_path: Path) -> None:
    line = " ".join(f"{number}" for number in range(700_000))  # 4.8 MB in blocks of 1 MB
    streamed = lines(tmp_path / "a", line.encode())
    assert streamed == list(cut(line, 1_000_000))
    assert "".join(streamed) == line


def test_a_line_of_50_mb_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xz"
    with lzma.open(path, "wb", preset=0) as file:
        for _ in range(50):
            file.write(b"word " * 200_000)
    reader = LineReader()
    tracemalloc.start()
    assert sum(len(line) for line, _ in reader.lines(path)) == 50_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reader.cut_lines == 1
    assert peak < 20_000_000  # a block, the rest of a line, and copies of both


def test_a_file_is_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "[c].txt", "folder.txt/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_files([f"{tmp_path}/b*", f"{tmp_path}/**/*.txt", f"{tmp_path}/[c].txt"])
    assert [path.name for path in found] == ["b.txt", "[c].txt", "a.txt", "d.txt"]


def test_a_pattern_without_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"no\*\.txt names no file"):
        find_files([f"{tmp_path}/a.txt", f"{tmp_path}/no*.txt"])
