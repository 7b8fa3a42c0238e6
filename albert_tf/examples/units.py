"""Units of text: what a worker encodes at a time, a megabyte or a few of whole documents.

documents  ->  [units.make_units, units.encode_units]  ->  shards, corpus

Units follow from the order of the documents alone, never from the number of workers.
"""

from __future__ import annotations

import hashlib
import io
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from threading import Thread

import numpy as np

from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.sentences import SentenceSplitter
from albert_tf.examples.shards import TokenShard, make_shard, shard_of_lengths, token_dtype
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer

UNIT_CHARACTERS = 1_000_000
_UNITS_IN_FLIGHT = 3  # per worker: one encoded, two waiting
_PORTION = 10_000  # sentences


@dataclass(frozen=True)
class Unit:
    """Some documents as one text: a paragraph per line, a blank line between documents."""

    text: bytes  # UTF-8
    characters: int
    position: int  # bytes of the corpus read when it was complete

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text).hexdigest()


@dataclass(frozen=True)
class EncodedUnit:
    """The ids of a unit."""

    shard: TokenShard
    unknown: int  # tokens that are the unknown one
    checksum: str  # of the text
    characters: int
    position: int


class UnitEncoder:
    """Turns units into ids.

    Args:
        vocabulary: Folder of the vocabulary.
        mode: How paragraphs become sentences, as `SentenceSplitter` has it.
        language: Language of the text.
    """

    def __init__(self, vocabulary: Path, mode: str, language: str) -> None:
        self.tokenizer = load_tokenizer(vocabulary)
        self.splitter = SentenceSplitter(mode, language)

    def encode(self, unit: Unit) -> EncodedUnit:
        """The sentences of a unit as ids."""
        texts = unit.text.decode().split("\n\n")
        documents = (map(str.rstrip, io.StringIO(text)) for text in texts)
        shard = encode_documents(documents, self.tokenizer, self.splitter)
        unknown = int(np.count_nonzero(shard.tokens == self.tokenizer.special.unk))
        return EncodedUnit(shard, unknown, unit.checksum, unit.characters, unit.position)


def encode_documents(
    documents: Iterable[Iterable[str]], tokenizer: Tokenizer, splitter: SentenceSplitter
) -> TokenShard:
    """Splits documents into sentences and encodes them.

    Args:
        documents: Each some paragraphs; one without a sentence is left out.
        tokenizer: Makes the ids.
        splitter: Makes the sentences.
    """
    counts: list[int] = []
    sentences = _split(documents, splitter, counts)
    tokens, lengths = [], []
    # In portions, because millions of short sentences as objects would fill the memory.
    while portion := list(islice(sentences, _PORTION)):
        flat = tokenizer.encode_flat(portion)
        tokens.append(flat.token_ids.astype(token_dtype(tokenizer.vocab_size)))
        lengths.append(flat.lengths)
    if not tokens:
        return make_shard([], tokenizer.vocab_size)
    return shard_of_lengths(np.concatenate(tokens), np.concatenate(lengths), counts)


def _split(
    documents: Iterable[Iterable[str]], splitter: SentenceSplitter, counts: list[int]
) -> Iterator[str]:
    """Yields the sentences of all documents, and counts those of each."""
    for document in documents:
        counts.append(0)
        for paragraph in document:
            sentences = splitter.split(paragraph)
            counts[-1] += len(sentences)
            yield from sentences


def make_units(reader: DocumentReader) -> Iterator[Unit]:
    """Groups documents to units of at least `UNIT_CHARACTERS`, but for the last."""
    waiting: list[str] = []
    size = 0
    for document in reader:
        text = "\n".join(document)
        waiting.append(text)
        size += len(text)
        if size >= UNIT_CHARACTERS:
            yield Unit("\n\n".join(waiting).encode(), size, reader.lines.position)
            waiting, size = [], 0
    if waiting:
        yield Unit("\n\n".join(waiting).encode(), size, reader.lines.position)


def encode_units(
    units: Iterable[Unit], vocabulary: Path, mode: str, language: str, workers: int
) -> Generator[EncodedUnit, None, None]:
    """Encodes units in processes of their own and yields the results in order.

    Args:
        units: Read as they are needed: never more than a few are in memory.
        vocabulary: Folder of the vocabulary.
        mode: As `SentenceSplitter` has it.
        language: As `SentenceSplitter` has it.
        workers: Processes; 1 works in this one.

    Raises:
        ChildProcessError: a worker was killed.
    """
    if workers == 1:
        yield from map(UnitEncoder(vocabulary, mode, language).encode, units)
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), _open_encoder, (vocabulary, mode, language)
    )
    waiting: deque[Future[EncodedUnit]] = deque()
    try:
        for unit in units:
            with _interrupts_blocked():
                waiting.append(pool.submit(_encode, unit))
            if len(waiting) == _UNITS_IN_FLIGHT * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ChildProcessError(
            "a worker ended before its work did; was it killed, or memory short? Repeat the "
            "command to continue, with fewer workers if memory was short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keeps Ctrl-C from workers that start meanwhile: their parent ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_encoder: UnitEncoder  # of a worker process


def _open_encoder(vocabulary: Path, mode: str, language: str) -> None:
    """Prepares a worker."""
    global _encoder
    Thread(target=_end_with_parent, daemon=True).start()
    _encoder = UnitEncoder(vocabulary, mode, language)


def _end_with_parent() -> None:
    """Ends this process with its parent, which may have been killed without a word."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _encode(unit: Unit) -> EncodedUnit:
    return _encoder.encode(unit)
