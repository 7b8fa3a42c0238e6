"""The steps of a corpus through Apache Beam: text to shards of text, and those to shards of ids.

documents, units, beam_files  ->  [beam_steps]  ->  beam

Each step leaves files in the output folder and passes on what they are called.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam
import zstandard

from albert_tf.examples.beam_files import BeamFolder, text_file
from albert_tf.examples.corpus import take_shard, text_checksum
from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.shards import join_shards, write_shard
from albert_tf.examples.units import Unit, UnitEncoder, make_units
from albert_tf.text.vocabulary_files import VOCABULARY_FILES

SCRATCH = "scratch-"  # begins the names of files that are deleted in the end
ERROR_FILE = f"{SCRATCH}error.json"
ERRORS = (FileNotFoundError, ValueError)  # which no retry can cure


@dataclass(frozen=True)
class ShardText:
    """The text of a shard to be, or why it cannot be read."""

    group: int  # of files
    number: int  # in the group
    checksum: str = ""
    error: tuple[str, str] | None = None  # kind and message

    @property
    def name(self) -> str:
        return f"{SCRATCH}{self.group:05}-{self.number:05}.jsonl.zst"


class CutShards(apache_beam.DoFn):
    """Reads a group of files and leaves the text of each shard in the folder."""

    def __init__(self, folder: BeamFolder, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = settings

    def process(self, element: tuple[int, list[str]]) -> Iterator[ShardText]:
        group, addresses = element
        try:
            yield from self._texts(group, addresses)
        except ERRORS as error:
            kind = next(kind.__name__ for kind in ERRORS if isinstance(error, kind))
            yield ShardText(group, number=0, error=(kind, str(error)))

    def _texts(self, group: int, addresses: list[str]) -> Iterator[ShardText]:
        files = [text_file(address) for address in addresses]
        reader = DocumentReader(files, self.settings["format"], self.settings["field"])
        units = make_units(reader, self.settings["unit_characters"])
        number = 0
        while checksums := self._write(ShardText(group, number).name, units):
            yield ShardText(group, number, text_checksum(checksums))
            number += 1
        counts = {**reader.counts, "shards": number}
        self.folder.write_json(group_file(group), counts)

    def _write(self, name: str, units: Iterator[Unit]) -> list[str]:
        """Writes the text of the next shard, a unit per line, and returns their checksums."""
        content, checksums = io.BytesIO(), []
        with zstandard.open(content, "wt", encoding="ascii", closefd=False) as file:
            for unit in take_shard(units, self.settings["shard_characters"]):
                checksums.append(unit.checksum)
                file.write(json.dumps(unit.text.decode()) + "\n")
        if checksums:
            self.folder.write(name, content.getvalue())
        return checksums


class NumberShards(apache_beam.DoFn):
    """Numbers all shards in the order of the corpus, and passes those on that are not made."""

    def __init__(self, folder: BeamFolder) -> None:
        self.folder = folder

    def process(self, element: tuple[None, Iterable[ShardText]]) -> Iterator[tuple[int, ShardText]]:
        texts = sorted(element[1], key=lambda text: (text.group, text.number))
        names = set(self.folder.names())
        made = [number for number, _ in enumerate(texts) if record_file(number) in names]
        failed = [text.error for text in texts if text.error] or self._changed(texts, made)
        if failed:
            self.folder.write_json(ERROR_FILE, failed[0])
            return
        yield from (pair for pair in enumerate(texts) if pair[0] not in made)

    def _changed(self, texts: list[ShardText], made: list[int]) -> list[tuple[str, str]]:
        """What is wrong with finished shards: their text is another now."""
        rule = "the corpus changed since {} was begun: the text of shard {} is another. "
        return [
            ("ValueError", rule.format(self.folder.address, number) + "Choose another folder.")
            for number in made
            if self.folder.read_json(record_file(number))["text"] != texts[number].checksum
        ]


class EncodeShards(apache_beam.DoFn):
    """Encodes the text of a shard; doing so again, as runners may, changes nothing."""

    def __init__(self, folder: BeamFolder, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = settings

    def setup(self) -> None:
        with tempfile.TemporaryDirectory() as copy:
            for name in VOCABULARY_FILES:
                if self.folder.holds(name):
                    (Path(copy) / name).write_bytes(self.folder.read(name))
            self.encoder = UnitEncoder(
                Path(copy), self.settings["sentences"], self.settings["language"]
            )

    def process(self, element: tuple[int, ShardText]) -> None:
        number, text = element
        if self.folder.holds(record_file(number)):
            return
        encoded = [self.encoder.encode(unit) for unit in _read_units(self.folder.read(text.name))]
        shard = join_shards([unit.shard for unit in encoded])
        with tempfile.TemporaryDirectory() as copy:
            write_shard(shard, Path(copy), number)
            for path in Path(copy).iterdir():
                self.folder.write(path.name, path.read_bytes())
        unknown = sum(unit.unknown for unit in encoded)
        record = {"counts": shard.counts, "unknown": unknown, "text": text.checksum}
        self.folder.write_json(record_file(number), record)
        self.folder.delete([text.name])


def record_file(number: int) -> str:
    """The file that says that a shard is whole."""
    return f"{number:05}.json"


def group_file(group: int) -> str:
    """The file that says what was read of a group of files."""
    return f"{SCRATCH}{group:05}.json"


def _read_units(packed: bytes) -> Iterator[Unit]:
    with zstandard.open(io.BytesIO(packed), "rt", encoding="ascii") as file:
        for line in file:
            text = json.loads(line)
            yield Unit(text.encode(), len(text), position=0)
