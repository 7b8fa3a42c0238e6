"""Writes a corpus with small units and shards, in a process of its own that can be killed.

Arguments: CORPUS VOCABULARY FOLDER WORKERS
"""

import sys
from pathlib import Path

from albert_tf.examples import corpus, units

UNIT_CHARACTERS = 3001
SHARD_CHARACTERS = 9001  # three units

if __name__ == "__main__":
    units.UNIT_CHARACTERS = corpus.UNIT_CHARACTERS = UNIT_CHARACTERS
    corpus.SHARD_CHARACTERS = SHARD_CHARACTERS
    text, vocabulary, folder, workers = sys.argv[1:]
    corpus.write_shards([Path(text)], vocabulary, folder, workers=int(workers))
