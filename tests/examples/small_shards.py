"""Writes a corpus with small units and shards, in a process of its own that can be killed.

Arguments: CORPUS VOCABULARY FOLDER WORKERS
"""

import sys
from pathlib import Path

from albert_tf.examples import corpus, units

UNIT_CHARACTERS = 3001
UNITS_PER_SHARD = 3

if __name__ == "__main__":
    units.UNIT_CHARACTERS = corpus.UNIT_CHARACTERS = UNIT_CHARACTERS
    corpus.UNITS_PER_SHARD = UNITS_PER_SHARD
    text, vocabulary, folder, workers = sys.argv[1:]
    corpus.write_shards([Path(text)], vocabulary, folder, workers=int(workers))
