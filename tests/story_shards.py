"""Lays documents in memory out as a folder of one token shard.

It is what `corpus.write_shards` makes of a file with a sentence per line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from albert_tf.examples.shards import (
    MANIFEST_FILE,
    TokenShards,
    make_shard,
    vocabulary_checksum,
    write_shard,
)
from albert_tf.text.tokenizer import Tokenizer


def write_stories(
    documents: Sequence[Sequence[str]], tokenizer: Tokenizer, directory: Path
) -> TokenShards:
    """Writes the documents, each a list of sentences, and returns the opened folder.

    Args:
        documents: What to encode.
        tokenizer: Its vocabulary is copied into the folder.
        directory: Made if absent.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shard = make_shard(list(map(tokenizer.encode_ids, documents)), tokenizer.vocab_size)
    write_shard(shard, directory, 0)
    tokenizer.save(directory)
    manifest = {"vocabulary": vocabulary_checksum(directory), "shards": [shard.counts]}
    (directory / MANIFEST_FILE).write_text(json.dumps(manifest) + "\n", encoding="utf-8")
    return TokenShards(directory)
