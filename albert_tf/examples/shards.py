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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_tf.json_file import read_json_object
from albert_tf.text.tokenizer import VOCABULARY_FILES, Tokenizer, load_tokenizer

MANIFEST_FILE = "examples.json"
_PARTS = ("tokens", "sentences", "documents")


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
    kept = [[ids for ids in document if len(ids)] for document in documents]
    kept = [document for document in kept if document]
    sentences = [ids for document in kept for ids in document]
    return TokenShard(
        tokens=np.array([token for ids in sentences for token in ids], token_dtype(vocab_size)),
        sentences=_offsets([len(ids) for ids in sentences]),
        documents=_offsets([len(document) for document in kept]),
    )


def write_shard(shard: TokenShard, directory: Path, number: int) -> None:
    """Writes the three files of a shard, each whole or not at all."""
    for part in _PARTS:
        path = shard_path(directory, number, part)
        partial = path.with_name(f"{path.name}.partial")
        with partial.open("wb") as file:
            np.save(file, getattr(shard, part), allow_pickle=False)
        partial.replace(path)


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
        self.shards = [
            self._open(number, counts) for number, counts in enumerate(self.manifest["shards"])
        ]

    def _open(self, number: int, counts: dict[str, int]) -> TokenShard:
        arrays = {}
        for part in _PARTS:
            path = shard_path(self.directory, number, part)
            try:
                arrays[part] = np.load(path, mmap_mode="r", allow_pickle=False)
            except (ValueError, EOFError) as error:
                raise ValueError(f"{path} is damaged: {error}.") from error
        shard = TokenShard(**arrays)
        if shard.counts != {part: counts.get(part) for part in _PARTS}:
            raise ValueError(
                f"shard {number} of {self.directory} must hold {counts}; it holds {shard.counts}."
            )
        return shard

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary that made the ids."""
        return load_tokenizer(self.directory)

    @cached_property
    def word_starts(self) -> NDArray[np.bool_]:
        """Whether a token begins a word, bool [V]."""
        return np.array(self.tokenizer.word_starts(), bool)


def _offsets(lengths: Sequence[int]) -> NDArray[np.uint32]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.uint32)
