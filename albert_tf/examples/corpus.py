"""Turns a corpus of any size into token shards, on all cores, and goes on where it was stopped.

documents, units  ->  [corpus.write_shards]  ->  shards.TokenShards

Documents fill units and units fill shards, in order and by their length alone, so the shards are
the same whatever the number of workers and however often the work was stopped.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.sentences import SentenceSplitter
from albert_tf.examples.shard_folder import ShardFolder
from albert_tf.examples.shards import join_shards, vocabulary_checksum
from albert_tf.examples.units import UNIT_CHARACTERS, EncodedUnit, Unit, encode_units, make_units
from albert_tf.text.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from albert_tf.examples.statistics import CorpusStatistics

SHARD_CHARACTERS = 32_000_000
LENGTHS_FILE = "lengths.png"
AnyUnit = TypeVar("AnyUnit", Unit, EncodedUnit)


@dataclass(frozen=True)
class CorpusOptions:
    """How a corpus is read."""

    format: str | None = None  # text, lines or jsonl; None tells by the name of a file
    field: str = "text"  # of a jsonl object
    sentences: str = "split"  # or lines: a paragraph is one sentence
    language: str = "en"  # whose rules split sentences


def write_shards(
    paths: Sequence[Path],
    vocabulary: str | Path,
    directory: str | Path,
    options: CorpusOptions | None = None,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> CorpusStatistics:
    """Writes a corpus as token shards, with the vocabulary and a picture of the lengths.

    Call it again with the same arguments after it was stopped: finished shards stay, and
    their text is read once more to see that it is the same.

    Args:
        paths: The files of the corpus, in order.
        vocabulary: Folder of the vocabulary.
        directory: For the shards; made if absent.
        options: How the files are read.
        workers: Processes that encode, by default one per core; 1 encodes in this process.
            With more, a script must guard its start by `if __name__ == "__main__"`.
        progress: Whether to show a bar on stderr.

    Raises:
        FileExistsError: the folder is finished, or holds something else.
        FileNotFoundError: a file or the vocabulary is missing.
        ValueError: there is no document; a file is binary or damaged; the corpus or the
            options changed since the folder was begun.
        ChildProcessError: a worker was killed.
        OSError: the disk is full.
        ModuleNotFoundError: the extra `examples` is not installed.
    """
    options = options or CorpusOptions()
    reader = DocumentReader(paths, options.format, options.field)
    SentenceSplitter(options.sentences, options.language)
    tokenizer = load_tokenizer(vocabulary)
    with tempfile.TemporaryDirectory() as copy:
        tokenizer.save(Path(copy))
        checksum = vocabulary_checksum(Path(copy))
    folder = ShardFolder(Path(directory), _settings(paths, checksum, options))
    tokenizer.save(folder.directory)
    workers = os.cpu_count() or 1 if workers is None else workers
    with tqdm(
        total=sum(path.stat().st_size for path in paths), desc="encoding", unit="B",
        unit_scale=True, disable=not progress,
    ) as bar:  # fmt: skip
        units = make_units(reader)
        _verify(folder, units, bar)
        encoded = encode_units(
            units, Path(vocabulary), options.sentences, options.language, workers
        )
        with closing(encoded):
            first = list(islice(encoded, 1))
            # Workers have enough to do while the library of pictures is loaded.
            from albert_tf.examples.statistics import CorpusLengths, CorpusStatistics

            _add_shards(folder, chain(first, encoded), bar)
        bar.update(reader.lines.position - bar.n)
    if not sum(record["counts"]["documents"] for record in folder.records):
        raise ValueError(f"the corpus must hold a document; {len(paths)} files hold none.")
    lengths = CorpusLengths.of(folder.shards())
    statistics = CorpusStatistics(**_count(folder.records, reader), **lengths.describe())
    lengths.plot(folder.directory / LENGTHS_FILE)
    folder.finish({
        "vocabulary": checksum,
        "vocab_size": tokenizer.vocab_size,
        "settings": folder.settings,
        "statistics": asdict(statistics),
    })
    return statistics


def _settings(paths: Sequence[Path], checksum: str, options: CorpusOptions) -> dict[str, Any]:
    """Everything the shards depend on but the text itself."""
    return {
        "vocabulary": checksum,
        "files": [[path.as_posix(), path.stat().st_size] for path in paths],
        **asdict(options),
        "unit_characters": UNIT_CHARACTERS,
        "shard_characters": SHARD_CHARACTERS,
        "versions": [
            f"{name} {version(name)}"
            for name in ("sentencepiece", "sentencex")
            if name == "sentencepiece" or options.sentences == "split"
        ],
    }


def _verify(folder: ShardFolder, units: Iterator[Unit], bar: Any) -> None:
    """Reads the text of the finished shards again, which must be the same."""
    for number, record in enumerate(folder.records):
        checksums = []
        for unit in _next_shard(units):
            checksums.append(unit.checksum)
            bar.update(unit.position - bar.n)
        if _digest(checksums) != record["text"]:
            raise ValueError(
                f"the corpus changed since {folder.directory} was begun: the text of shard "
                f"{number} is another. Choose another folder."
            )


def _add_shards(folder: ShardFolder, encoded: Iterator[EncodedUnit], bar: Any) -> None:
    """Joins units to shards, and shards to the folder."""
    while True:
        group = []
        for unit in _next_shard(encoded):
            group.append(unit)
            bar.update(unit.position - bar.n)
        if not group:
            return
        folder.add(
            join_shards([unit.shard for unit in group]),
            unknown=sum(unit.unknown for unit in group),
            text=_digest([unit.checksum for unit in group]),
        )


def _next_shard(units: Iterator[AnyUnit]) -> Iterator[AnyUnit]:
    """Takes units until they fill a shard."""
    size = 0
    while size < SHARD_CHARACTERS and (unit := next(units, None)) is not None:
        size += unit.characters
        yield unit


def _digest(checksums: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(checksums).encode()).hexdigest()


def _count(records: Sequence[dict[str, Any]], reader: DocumentReader) -> dict[str, Any]:
    """The fields of `CorpusStatistics` that are sums."""
    total = {
        part: sum(record["counts"][part] for record in records)
        for part in ("tokens", "sentences", "documents")
    }
    return {
        **total,
        "files": len(reader.paths),
        "bytes": reader.lines.position,
        "empty_documents": reader.documents - total["documents"],
        "unknown_rate": sum(record["unknown"] for record in records) / total["tokens"],
        "replaced": reader.lines.replaced,
        "cut_lines": reader.lines.cut_lines,
        "cut_documents": reader.cut_documents,
    }
