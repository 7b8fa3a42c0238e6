"""Files wherever Apache Beam reaches them: on a disk that workers share, or in an object store.

[beam_files]  ->  beam

Addresses with :// belong to an object store (gs://, s3://, hdfs://); others are local paths.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, cast
from uuid import uuid4

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from albert_tf.examples import text_files
from albert_tf.examples.text_files import TextFile

_AS_STORED = CompressionTypes.UNCOMPRESSED


@dataclass(frozen=True)
class _StoredFile:
    """A file of an object store, read as a `Path` is."""

    address: str

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.address).suffix

    @property
    def suffixes(self) -> list[str]:
        return PurePosixPath(self.address).suffixes

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        del mode
        return cast(IO[bytes], FileSystems.open(self.address, compression_type=_AS_STORED))

    def __str__(self) -> str:
        return self.address


def text_file(address: str) -> TextFile:
    """The file at an address."""
    return _StoredFile(address) if "://" in address else Path(address)


def absolute(address: str | Path) -> str:
    """The address as every worker understands it."""
    address = str(address)
    return address if "://" in address else Path(address).absolute().as_posix()


def find_files(patterns: Sequence[str | Path]) -> dict[str, int]:
    """The bytes of the files that the patterns name, in the order of `text_files.find_files`.

    Raises:
        FileNotFoundError: a pattern names no file.
        ValueError: Beam lacks the library of an object store.
    """
    files: dict[str, int] = {}
    for pattern in map(str, patterns):
        if "://" in pattern:
            found = FileSystems.match([pattern])[0].metadata_list
            if not found:
                raise FileNotFoundError(f"{pattern} names no file.")
            files |= {file.path: file.size_in_bytes for file in sorted(found, key=str)}
        else:
            paths = text_files.find_files([pattern])
            files |= {path.as_posix(): path.stat().st_size for path in paths}
    return files


@dataclass(frozen=True)
class BeamFolder:
    """A folder that every worker reads and writes."""

    address: str

    def names(self) -> list[str]:
        """The names of its files."""
        found = FileSystems.match([self._at("*")])[0].metadata_list
        return [PurePosixPath(file.path).name for file in found]

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(FileSystems.exists(self._at(name)))

    def read(self, name: str) -> bytes:
        """A whole file."""
        with FileSystems.open(self._at(name), compression_type=_AS_STORED) as file:
            return bytes(file.read())

    def write(self, name: str, content: bytes) -> None:
        """Writes a file, whole or not at all, also where several workers write the same.

        Raises:
            OSError: it cannot be written; the disk may be full.
        """
        partial = self._at(f"{name}.{uuid4().hex}.partial")
        try:
            with FileSystems.create(partial, compression_type=_AS_STORED) as file:
                file.write(content)
            FileSystems.rename([partial], [self._at(name)])
        except OSError as error:
            raise OSError(
                f"{self._at(name)} cannot be written; the disk may be full: {error}."
            ) from error

    def read_json(self, name: str) -> Any:
        """The values in a JSON file that `write_json` made."""
        return json.loads(self.read(name))

    def write_json(self, name: str, values: Any) -> None:
        """Writes values, whole or not at all."""
        text = json.dumps(values, indent=2, ensure_ascii=False)
        self.write(name, f"{text}\n".encode())

    def delete(self, names: Sequence[str]) -> None:
        """Deletes files."""
        FileSystems.delete([self._at(name) for name in names])

    def _at(self, name: str) -> str:
        return str(FileSystems.join(self.address, name))
