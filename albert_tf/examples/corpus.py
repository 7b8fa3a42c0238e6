"""Turns a corpus of any size into token shards, on all cores, and goes on where it was stopped.

documents, units  ->  [corpus.write_shards]  ->  shards.TokenShards

Documents fill units and units fill shards, in order and by their length alone, so the shards are
the same whatever the number of workers and however often the work was stopped.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    again: bool = False,
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
        again: Whether a finished folder is compared with the corpus, and not refused.

    Raises:
        FileExistsError: the folder is finished, or holds something else.
        FileNotFoundError: a file or the vocabulary is missing.
        ValueError: there is no document; a file is binary or damaged; the corpus or the
            options changed since the folder was begun.
        ChildProcessError: a worker was killed.
        OSError: the disk is full.
        ImportError: the extra `examples` is not installed.
    """
    options = options or CorpusOptions()
    reader = DocumentReader(paths, options.format, options.field)
    SentenceSplitter(options.sentences, options.language)
    tokenizer = load_tokenizer(vocabulary)
    with tempfile.TemporaryDirectory() as copy:
        tokenizer.save(Path(copy))
        checksum = vocabulary_checksum(Path(copy))
    files = [(path.as_posix(), path.stat().st_size) for path in paths]
    settings = corpus_settings(files, checksum, options)
    folder = ShardFolder(Path(directory), settings, again=again)
    tokenizer.save(folder.directory)
    workers = os.cpu_count() or 1 if workers is None else workers
    with tqdm(
        total=sum(size for _, size in files), desc="encoding", unit="B",
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
    counts = count_corpus(folder.records, len(paths), reader.counts)
    lengths = CorpusLengths.of(folder.shards())
    statistics = CorpusStatistics(**counts, **lengths.describe())
    lengths.plot(folder.directory / LENGTHS_FILE)
    folder.finish({
        "vocabulary": checksum,
        "vocab_size": tokenizer.vocab_size,
        "settings": folder.settings,
        "statistics": asdict(statistics),
    })
    return statistics


def corpus_settings(
    files: Sequence[tuple[str, int]], checksum: str, options: CorpusOptions
) -> dict[str, Any]:
    """Everything the shards depend on but the text itself.

    Args:
        files: Name and bytes of each, in order.
        checksum: Of the vocabulary.
        options: How the files are read.
    """
    return {
        "vocabulary": checksum,
        "files": files,
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
        for unit in take_shard(units, SHARD_CHARACTERS):
            checksums.append(unit.checksum)
            bar.update(unit.position - bar.n)
        if text_checksum(checksums) != record["text"]:
            raise ValueError(
                f"the corpus changed since {folder.directory} was begun: the text of shard "
                f"{number} is another. Choose another folder."
            )


def _add_shards(folder: ShardFolder, encoded: Iterator[EncodedUnit], bar: Any) -> None:
    """Joins units to shards, and shards to the folder."""
    while True:
        group = []
        for unit in take_shard(encoded, SHARD_CHARACTERS):
            group.append(unit)
            bar.update(unit.position - bar.n)
        if not group:
            return
        folder.add(
            join_shards([unit.shard for unit in group]),
            unknown=sum(unit.unknown for unit in group),
            text=text_checksum([unit.checksum for unit in group]),
        )


def take_shard(units: Iterator[AnyUnit], characters: int) -> Iterator[AnyUnit]:
    """Takes units until they fill a shard of so many characters."""
    size = 0
    while size < characters and (unit := next(units, None)) is not None:
        size += unit.characters
        yield unit


def text_checksum(checksums: Iterable[str]) -> str:
    """One checksum of the text of a shard, made of those of its units."""
    return hashlib.sha256(" ".join(checksums).encode()).hexdigest()


def count_corpus(
    records: Sequence[dict[str, Any]], files: int, read: Mapping[str, int]
) -> dict[str, Any]:
    """The fields of `CorpusStatistics` that are sums.

    Args:
        records: Of all shards.
        files: How many were read.
        read: `DocumentReader.counts` of all files.

    Raises:
        ValueError: there is no document.
    """
    total = {
        part: sum(record["counts"][part] for record in records)
        for part in ("tokens", "sentences", "documents")
    }
    if not total["documents"]:
        raise ValueError(f"the corpus must hold a document; {files} files hold none.")
    return {
        **read,
        **total,
        "files": files,
        "empty_documents": read["documents"] - total["documents"],
        "unknown_rate": sum(record["unknown"] for record in records) / total["tokens"],
    }
