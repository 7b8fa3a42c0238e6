"""Real text as token shards, for the tests of what only shows in numbers."""

import lzma
import re
from itertools import islice
from pathlib import Path

import pytest

from albert_tf.examples.shards import TokenShards
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.text.vocabulary import adopt_vocabulary
from tests.story_shards import write_stories


@pytest.fixture(scope="session")
def real_shards(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> TokenShards:
    """60,000 lines of an encyclopedia: about 3,500 documents, 5 million tokens."""
    folder = tmp_path_factory.mktemp("real")
    model = shared_data / "vocabulary" / "30k-clean.model"
    adopt_vocabulary(model, folder / "vocabulary", cased=False, keep_accents=False)
    documents: list[list[str]] = [[]]
    with lzma.open(shared_data / "text" / "wiki-en.txt.xz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, 60_000):
            if line.strip():
                documents[-1] += re.split(r"(?<=[.!?])\s+", line.strip())
            elif documents[-1]:
                documents.append([])
    return write_stories(documents, load_tokenizer(folder / "vocabulary"), folder / "shards")
