"""Reads the lines of text files of any size, plain or compressed, in bounded memory.

globs  ->  [text_files.find_files, text_files.LineReader]  ->  documents
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import IO, Literal, Protocol

LONGEST_LINE = 1_000_000  # characters
_BLOCK = 1 << 20  # bytes
# A zstd frame can promise 128 KB for every 4 bytes, so it is fed in small portions.
_PORTION = 1 << 12
_REPLACEMENT = "\ufffd"
# Of Icelandic in Latin-1, crowded with accents on purpose, 26 in 100 bytes are replaced; of
# random bytes 41, of Korean in EUC-KR 59, and of Cyrillic in KOI8-R 82.
_GARBLED = 1 / 3  # of the first block
_FEW = 100  # bytes; less is too short to tell


class TextFile(Protocol):
    """What is read of a file: a `Path` has it, and so has a file of an object store."""

    @property
    def suffix(self) -> str:
        """The end of its name, which tells how it is compressed."""

    @property
    def suffixes(self) -> list[str]:
        """All ends of its name."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """Its bytes, as they are stored."""


def find_files(patterns: Sequence[str | Path]) -> list[Path]:
    """The files that the patterns name, each once: sorted within a pattern.

    Args:
        patterns: Paths, in which `*`, `?` and `[` are wild, and `**` stands for any folders.

    Raises:
        FileNotFoundError: a pattern names no file.
    """
    paths: list[Path] = []
    for pattern in map(str, patterns):
        found = [pattern] if Path(pattern).is_file() else sorted(glob(pattern, recursive=True))  # noqa: PTH207
        files = [Path(path) for path in found if Path(path).is_file()]
        if not files:
            raise FileNotFoundError(f"{pattern} names no file.")
        paths += files
    return list(dict.fromkeys(paths))


def cut(text: str, longest: int) -> Iterator[str]:
    """Yields a text in pieces of at most `longest` characters, ended by a space if possible.

    >>> list(cut("one two three", 6)), list(cut("abcdefg", 3))
    (['one ', 'two ', 'three'], ['abc', 'def', 'g'])
    """
    start = 0
    while len(text) - start > longest:
        end = start + longest
        # Only near the end: a long text without a space is then not searched again and again.
        space = text.rfind(" ", max(start, end - 1000), end)
        end = space + 1 if space > start else end
        yield text[start:end]
        start = end
    yield text[start:]


class LineReader:
    """Streams the lines of text files, and counts what had to be changed.

    Files ending in .gz, .xz and .zst are decompressed. Bytes that are not UTF-8 are
    replaced by U+FFFD; a mark of the byte order is dropped; lines end as in any system.
    A file with a NUL byte, or of whose first megabyte over a third (and over 100 bytes)
    would have to be replaced, is no UTF-8 text.

    Attributes:
        position: Bytes of the files read so far, as they lie on disk.
        replaced: U+FFFD put in the place of bytes that were not UTF-8.
        cut_lines: Lines that were longer than allowed.
    """

    def __init__(self) -> None:
        self.position = 0
        self.replaced = 0
        self.cut_lines = 0

    def lines(self, path: TextFile, longest: int = LONGEST_LINE) -> Iterator[tuple[str, bool]]:
        """Yields (text, whether the line ends there); a long line comes in several pieces.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is binary or in another encoding, or its compression is
                damaged.
            ImportError: a .zst file, and zstandard is not installed.
        """
        rest, inside = "", False
        for block in self._text(path):
            *whole, rest = (rest + block).split("\n")
            for line in whole:
                if len(line) <= longest:
                    yield line, True
                else:
                    *pieces, last = cut(line, longest)
                    self.cut_lines += not inside
                    yield from ((piece, False) for piece in pieces)
                    yield last, True
                inside = False
            if len(rest) > longest:
                *pieces, rest = cut(rest, longest)
                self.cut_lines += not inside
                inside = True
                yield from ((piece, False) for piece in pieces)
        if rest:
            yield rest, True

    def _text(self, path: TextFile) -> Iterator[str]:
        """Blocks of decoded text, in which every line ends in a line feed."""
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
        before, start = b"", 0
        for block in self._bytes(path):
            _refuse_nul(path, block, start)
            text = decoder.decode(block)
            if _REPLACEMENT in text:
                # One that was written in the file is no repair.
                written = (before + block).count(_REPLACEMENT.encode())
                repairs = text.count(_REPLACEMENT) - written
                if start == 0:
                    _refuse_garbled(path, repairs, len(block))
                self.replaced += repairs
            before = block[-2:]
            yield text if start else text.removeprefix("\ufeff")
            start += len(block)
        text = decoder.decode(b"", final=True)
        self.replaced += text.count(_REPLACEMENT)
        yield text

    def _bytes(self, path: TextFile) -> Iterator[bytes]:
        """Blocks of about 1 MB, decompressed."""
        start = self.position
        read = _FORMATS.get(path.suffix, _read_plain)
        with path.open("rb") as file:
            try:
                for block in _full_blocks(read(file)):
                    self.position = start + file.tell()
                    yield block
            except ModuleNotFoundError as error:
                raise ImportError(
                    f"{path} needs {error.name}. Run: pip install 'albert_tf[examples]'"
                ) from error
            except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"{path} is damaged or no {path.suffix} file: {error}.") from error
            self.position = start + file.tell()


def _refuse_nul(path: TextFile, block: bytes, start: int) -> None:
    if (place := block.find(b"\0")) >= 0:
        raise ValueError(
            f"{path} must be UTF-8 text; it holds NUL bytes, the first after {start + place:,} "
            f"others, so it is a binary file or UTF-16."
        )


def _refuse_garbled(path: TextFile, repairs: int, size: int) -> None:
    if repairs > max(_FEW, _GARBLED * size):
        raise ValueError(
            f"{path} must be UTF-8 text; {repairs:,} of its first {size:,} bytes are none, so it "
            f"is a binary file or in another encoding. Convert it to UTF-8 or leave it out."
        )


def _full_blocks(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Joins portions to blocks, so that a block is never tiny."""
    waiting: list[bytes] = []
    size = 0
    for portion in portions:
        waiting.append(portion)
        size += len(portion)
        if size >= _BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


def _read_plain(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _read_gzip(file: IO[bytes]) -> Iterator[bytes]:
    with gzip.open(file) as opened:
        while block := opened.read(_BLOCK):
            yield block


def _read_xz(file: IO[bytes]) -> Iterator[bytes]:
    with lzma.open(file) as opened:
        while block := opened.read(_BLOCK):
            yield block


def _read_zstd(file: IO[bytes]) -> Iterator[bytes]:
    """One frame after another; zstandard's own stream hides that the last one is cut off."""
    import zstandard

    frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    try:
        while portion := file.read(_PORTION):
            while portion:
                yield frame.decompress(portion)
                begun, portion = not frame.eof, frame.unused_data
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from error
    if begun:
        raise EOFError("it ends in the middle")


_FORMATS = {".gz": _read_gzip, ".xz": _read_xz, ".zst": _read_zstd}
