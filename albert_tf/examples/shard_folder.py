"""A folder of shards while it is made: whose it is, and which shards are finished.

corpus.write_shards  ->  [shard_folder.ShardFolder]  ->  shards.TokenShards

`settings.json` says what the shards depend on; the record of a shard, such as `00000.json`,
is written after its arrays; `examples.json` comes last and ends the work.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from albert_tf.examples.shards import MANIFEST_FILE, TokenShard, open_shard, write_shard
from albert_tf.json_file import read_json_object, write_json_object

SETTINGS_FILE = "settings.json"


class ShardFolder:
    """Claims a folder for one corpus with one set of settings.

    Args:
        directory: Made if absent.
        settings: JSON values that decide the shards.
        again: Whether a finished folder may be gone through again.

    Attributes:
        settings: As they are written.
        records: Of the finished shards, in order: `counts`, and what `add` was given.

    Raises:
        FileExistsError: the folder is finished, or holds something else.
        ValueError: it was begun with other settings, or a finished shard is damaged.
    """

    def __init__(self, directory: Path, settings: dict[str, Any], *, again: bool = False) -> None:
        self.directory = directory
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._claim(self.settings, again)
        self.records: list[dict[str, Any]] = []
        while self._record_path().exists():
            self.records.append(self._read_record())

    def add(self, shard: TokenShard, **facts: Any) -> None:
        """Writes the next shard, and then its record."""
        write_shard(shard, self.directory, len(self.records))
        record = {"counts": shard.counts, **facts}
        write_json_object(self._record_path(), record)
        self.records.append(record)

    def shards(self) -> Iterator[TokenShard]:
        """The finished shards, mapped from disk."""
        for number, record in enumerate(self.records):
            yield open_shard(self.directory, number, record["counts"])

    def finish(self, manifest: dict[str, Any]) -> None:
        """Writes the manifest, which names the counts and the text of every shard."""
        shards = [manifest_entry(record) for record in self.records]
        write_json_object(self.directory / MANIFEST_FILE, {**manifest, "shards": shards})

    def _claim(self, settings: dict[str, Any], again: bool) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / SETTINGS_FILE
        before = read_json_object(path) if path.exists() else None
        names = [file.name for file in self.directory.iterdir()]
        check_claim(str(self.directory), names, before, settings, again=again)
        if before is None:
            write_json_object(path, settings)

    def _record_path(self) -> Path:
        return self.directory / f"{len(self.records):05}.json"

    def _read_record(self) -> dict[str, Any]:
        """The next record, if its shard is whole."""
        path = self._record_path()
        record = read_json_object(path)
        try:
            open_shard(self.directory, len(self.records), record.get("counts", {}))
        except (ValueError, FileNotFoundError) as error:
            raise ValueError(
                f"{error} Delete {path.name} to have this shard and those after it made again."
            ) from error
        return record


def manifest_entry(record: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of a shard: its counts and the checksum of its text."""
    return {**record["counts"], "text": record["text"]}


def check_claim(
    folder: str,
    names: Sequence[str],
    before: dict[str, Any] | None,
    settings: dict[str, Any],
    *,
    again: bool,
) -> None:
    """Sees that a folder may be used for a corpus.

    Args:
        folder: What it is called in errors.
        names: Of the files in it.
        before: The settings in it, if any.
        settings: The settings it is claimed for, as JSON has them.
        again: Whether it may be finished.

    Raises:
        FileExistsError: the folder is finished, or holds something else.
        ValueError: it was begun with other settings.
    """
    if MANIFEST_FILE in names and not again:
        raise FileExistsError(f"{folder} holds finished examples; choose another folder.")
    others = [name for name in names if not name.endswith(".partial")]
    if before is None and others:
        raise FileExistsError(
            f"{folder} must be empty; it holds {min(others)}. Choose another folder."
        )
    before = settings if before is None else before
    for name in sorted(settings.keys() | before.keys()):
        was, now = before.get(name), settings.get(name)
        if was != now:
            raise ValueError(
                f"{folder} was begun with other {name}: {_difference(was, now)}. "
                f"Repeat its settings to continue it, or choose another folder."
            )


def _difference(was: Any, now: Any) -> str:
    """What changed; of two lists, the first pair that differs."""
    if isinstance(was, list) and isinstance(now, list):
        was, now = next(pair for pair in zip_longest(was, now) if pair[0] != pair[1])
    return f"it was {json.dumps(was)} and is {json.dumps(now)}"
