"""What a corpus holds as one number, so that a run goes on with no other.

shards, static_examples  ->  [corpus_checksum]  ->  pretrain
"""

from __future__ import annotations

import hashlib
import json

from albert_tf.examples.shards import TokenShards
from albert_tf.training.static_examples import StaticFolder

_BEGINNING = 1 << 20  # bytes of a file of static examples; all of it may be many hours of reading


def corpus_checksum(corpus: TokenShards | StaticFolder) -> str:
    """Returns a checksum of the text.

    Of token shards it is made of those in the manifest; shards that were made before manifests
    had any are read. Of static examples it covers the length and the first MiB of each file.
    """
    digest = hashlib.sha256()
    if isinstance(corpus, StaticFolder):
        for name in corpus.manifest.files:
            with (corpus.directory / name).open("rb") as file:
                digest.update(file.read(_BEGINNING))
                digest.update(f"{name} {file.seek(0, 2)}".encode())
    else:
        for shard, entry in zip(corpus.shards, corpus.manifest["shards"], strict=True):
            digest.update(json.dumps(entry, sort_keys=True).encode())
            if "text" not in entry:
                for array in (shard.tokens, shard.sentences, shard.documents):
                    digest.update(array.data)
    return digest.hexdigest()[:16]
