"""Token shards: a corpus as ids on disk, opened without reading it into memory.

corpus.write_shards, beam  ->  [shards]  ->  pretraining.PretrainingBatches

A folder of shards holds `examples.json`, a copy of the vocabulary that made the ids, and for
every shard three NumPy files:

    00000.tokens.npy     uint16 or uint32 [N]   ids of the shard, sentence after sentence
    00000.sentences.npy  uint32 [S + 1]         first token of each sentence, and N
    00000.documents.npy  uint32 [D + 1]         first sentence of each document, and S

Shape letters: N tokens, S sentences, D documents of one shard, V vocabulary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_tf.json_file import read_json_object
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary_files import VOCABULARY_FILES

MANIFEST_FILE = "examples.json"
_PARTS = ("tokens", "sentences", "documents")
Lengths = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class TokenShard:
    """One shard; as `TokenShards` opens it, its arrays are mapped from disk."""

    tokens: NDArray[Any]  # uint16 or uint32 [N]
    sentences: NDArray[np.uint32]  # [S + 1] offsets into tokens
    documents: NDArray[np.uint32]  # [D + 1] offsets into sentences

    @property
    def counts(self) -> dict[str, int]:
        """Tokens, sentences and documents, as the manifest has them."""
        return {
            "tokens": len(self.tokens),
            "sentences": len(self.sentences) - 1,
            "documents": len(self.documents) - 1,
        }


def token_dtype(vocab_size: int) -> type[np.unsignedinteger[Any]]:
    """The narrowest type of ids below `vocab_size`."""
    return np.uint16 if vocab_size <= 1 << 16 else np.uint32


def make_shard(documents: Sequence[Sequence[Sequence[int]]], vocab_size: int) -> TokenShard:
    """Lays documents, each a list of sentences of token ids, out as one shard.

    Empty sentences, and documents of nothing else, are left out.
    """
    sentences = [ids for document in documents for ids in document]
    tokens = np.array([token for ids in sentences for token in ids], token_dtype(vocab_size))
    return shard_of_lengths(tokens, list(map(len, sentences)), list(map(len, documents)))


def shard_of_lengths(
    tokens: NDArray[Any], sentences: Sequence[int] | Lengths, documents: Sequence[int] | Lengths
) -> TokenShard:
    """Makes a shard of its tokens and of how they are divided.

    Empty sentences, and documents of nothing else, are left out.

    Args:
        tokens: [N] of the type the shard has on disk.
        sentences: Tokens in each sentence.
        documents: Sentences in each document.
    """
    sentences, documents = np.asarray(sentences, np.int64), np.asarray(documents, np.int64)
    owners = np.repeat(np.arange(len(documents)), documents)
    kept = np.bincount(owners[sentences > 0], minlength=len(documents))
    return TokenShard(tokens, _offsets(sentences[sentences > 0]), _offsets(kept[kept > 0]))


def join_shards(shards: Sequence[TokenShard]) -> TokenShard:
    """Makes one shard of several, in their order."""
    return TokenShard(
        tokens=np.concatenate([shard.tokens for shard in shards]),
        sentences=_offsets(np.concatenate([np.diff(shard.sentences) for shard in shards])),
        documents=_offsets(np.concatenate([np.diff(shard.documents) for shard in shards])),
    )


def write_shard(shard: TokenShard, directory: Path, number: int) -> None:
    """Writes the three files of a shard, each whole or not at all.

    Raises:
        OSError: a file cannot be written; the disk may be full.
    """
    for part in _PARTS:
        path = shard_path(directory, number, part)
        partial = path.with_name(f"{path.name}.partial")
        try:
            with partial.open("wb") as file:
                np.save(file, getattr(shard, part), allow_pickle=False)
            partial.replace(path)
        except OSError as error:
            # NumPy does not say why it could not write.
            partial.unlink(missing_ok=True)
            raise OSError(f"{path} cannot be written; the disk may be full: {error}.") from error


def open_shard(directory: Path, number: int, counts: Mapping[str, int]) -> TokenShard:
    """Maps a shard from disk.

    Args:
        directory: The folder of shards.
        number: Which of them.
        counts: Tokens, sentences and documents that it must hold.

    Raises:
        FileNotFoundError: a file of the shard is missing.
        ValueError: a file is damaged, or holds something else.
    """
    arrays = {}
    for part in _PARTS:
        path = shard_path(directory, number, part)
        try:
            arrays[part] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(f"{path} is damaged: {error}.") from error
    shard = TokenShard(**arrays)
    expected = {part: counts.get(part) for part in _PARTS}
    if shard.counts != expected:
        raise ValueError(
            f"shard {number} of {directory} must hold {expected}; it holds {shard.counts}."
        )
    ends = [int(shard.sentences[-1]), int(shard.documents[-1])]
    if ends != [len(shard.tokens), len(shard.sentences) - 1]:
        raise ValueError(f"shard {number} of {directory} is damaged: its parts end at {ends}.")
    return shard


def shard_path(directory: Path, number: int, part: str) -> Path:
    """Where a part of a shard lies."""
    return directory / f"{number:05}.{part}.npy"


def vocabulary_checksum(directory: Path) -> str:
    """SHA-256 of the vocabulary files in a folder, options included."""
    digest = hashlib.sha256()
    for name in VOCABULARY_FILES:
        path = directory / name
        if path.exists():
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class TokenShards:
    """A folder of shards, checked against its manifest when it is opened.

    Every array holds a file open; the limit of the process is raised if need be.

    Args:
        directory: As `corpus.write_shards` made it.

    Raises:
        FileNotFoundError: there is no manifest, or a shard or the vocabulary is missing.
        ValueError: a file is damaged, or does not belong to the others.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        path = self.directory / MANIFEST_FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"{self.directory} holds no {MANIFEST_FILE}; make it with albert-tf examples, "
                f"which also finishes one that was stopped."
            )
        self.manifest = read_json_object(path)
        checksum = vocabulary_checksum(self.directory)
        if self.manifest.get("vocabulary") != checksum:
            raise ValueError(
                f"the vocabulary in {self.directory} must be the one its shards were made with "
                f"({self.manifest.get('vocabulary')}); got {checksum}."
            )
        _allow_open_files(len(_PARTS) * len(self.manifest["shards"]))
        self.shards = [
            open_shard(self.directory, number, counts)
            for number, counts in enumerate(self.manifest["shards"])
        ]

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary that made the ids."""
        return load_tokenizer(self.directory)

    @cached_property
    def word_starts(self) -> NDArray[np.bool_]:
        """Whether a token begins a word, bool [V]."""
        return np.array(self.tokenizer.word_starts(), bool)


def _allow_open_files(count: int) -> None:
    """Lets this process hold so many more files open, as mapped arrays do, if it may."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 1024  # for everything else, as is usual
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _offsets(lengths: Lengths) -> NDArray[np.uint32]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.uint32)
