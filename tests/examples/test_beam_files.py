"""Corpora and shards may lie in an object store, and a file there is whole or not there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

from albert_tf.examples.beam import write_shards_with_beam
from albert_tf.examples.beam_files import BeamFolder, find_files, text_file
from albert_tf.examples.corpus import write_shards
from albert_tf.examples.text_files import LineReader
from tests.examples.beam_corpus import ONE, documents, make_small, write_corpus


class StoreFileSystem(LocalFileSystem):
    """An object store in a folder: store://a/b is the file a/b of it."""

    folder: Path

    @classmethod
    def scheme(cls) -> str:
        return "store"

    def _local(self, path: str) -> str:
        return str(self.folder / path.removeprefix("store://"))

    def _list(self, path: str) -> Iterator[FileMetadata]:
        for found in super()._list(self._local(path)):
            name = Path(found.path).relative_to(self.folder)
            yield FileMetadata(f"store://{name}", found.size_in_bytes)

    def _path_open(self, path: str, *arguments: str, **named: str) -> IO[bytes]:
        local = Path(self._local(path))
        local.parent.mkdir(parents=True, exist_ok=True)
        return super()._path_open(str(local), *arguments, **named)

    def create(self, path: str, *_: str, **named: str) -> IO[bytes]:
        return self._path_open(path, "wb", **named)

    def exists(self, path: str) -> bool:
        return super().exists(self._local(path))

    def rename(self, sources: list[str], targets: list[str]) -> None:
        super().rename(list(map(self._local, sources)), list(map(self._local, targets)))

    def delete(self, paths: list[str]) -> None:
        super().delete(list(map(self._local, paths)))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where store:// begins."""
    monkeypatch.setattr(StoreFileSystem, "folder", tmp_path, raising=False)
    (tmp_path / "corpus").mkdir()
    return tmp_path


def test_corpus_and_shards_may_lie_in_an_object_store(
    store: Path, tmp_path: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    paths = write_corpus(store / "corpus")
    local = write_shards(paths, vocabulary, tmp_path / "local", workers=1)
    made = write_shards_with_beam(
        ["store://corpus/*.txt", "store://corpus/*.jsonl.gz"], vocabulary, "store://beam/out",
        pipeline_options=ONE,
    )  # fmt: skip
    assert (made.documents, made.tokens) == (local.documents, local.tokens)
    found = Counter(documents(store / "beam" / "out"))
    assert found == Counter(documents(tmp_path / "local"))


def test_files_are_found_in_the_order_of_patterns_and_names(store: Path) -> None:
    for name in ("b.txt", "a.txt", "c.gz"):
        (store / "corpus" / name).write_text(name * 3)
    found = find_files(["store://corpus/*.gz", "store://corpus/*", store / "corpus" / "a.txt"])
    stored = ["store://corpus/c.gz", "store://corpus/a.txt", "store://corpus/b.txt"]
    assert found == dict.fromkeys(stored[:1], 12) | dict.fromkeys(
        [*stored[1:], (store / "corpus" / "a.txt").as_posix()], 15
    )
    with pytest.raises(FileNotFoundError, match=r"store://corpus/no\* names no file"):
        find_files(["store://corpus/no*"])
    with pytest.raises(ValueError, match="Unable to get filesystem"):
        find_files(["none://a/*"])


def test_an_error_names_the_file_of_the_store(store: Path) -> None:
    (store / "corpus" / "a.txt.gz").write_text("no gzip")
    with pytest.raises(ValueError, match=r"store://corpus/a\.txt\.gz is damaged or no \.gz file"):
        list(LineReader().lines(text_file("store://corpus/a.txt.gz")))


def test_a_file_that_cannot_be_written_is_named_and_absent(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = BeamFolder("store://out")
    folder.write("a", b"1")

    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StoreFileSystem, "rename", fill)
    with pytest.raises(OSError, match=r"store://out/b cannot be written; the disk may be full"):
        folder.write("b", b"2")
    assert folder.holds("a")
    assert not folder.holds("b")
