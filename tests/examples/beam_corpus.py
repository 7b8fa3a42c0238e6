"""What the tests of Apache Beam share: a corpus with odd text, small sizes, and flags."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from albert_tf.demo.world import tell_story
from albert_tf.examples import beam, corpus, units
from albert_tf.examples.shards import TokenShards
from tests.examples import small_shards

ONE = ("--runner=DirectRunner",)
GROUP_BYTES = 13_001


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups, units and shards so small that a test has many."""
    for module in (units, corpus):
        monkeypatch.setattr(module, "UNIT_CHARACTERS", small_shards.UNIT_CHARACTERS)
    monkeypatch.setattr(corpus, "SHARD_CHARACTERS", small_shards.SHARD_CHARACTERS)
    monkeypatch.setattr(beam, "GROUP_BYTES", GROUP_BYTES)


def write_corpus(folder: Path) -> list[Path]:
    """Writes 302 documents in seven files of several kinds."""
    rng = np.random.default_rng(0)
    stories = ["\n".join(tell_story(rng).sentences) for _ in range(300)]
    for number in range(5):
        part = "\n\n".join(stories[number * 50 : number * 50 + 50])
        (folder / f"{number}.txt").write_text(part)
    # What would change if text were read a second time as text.
    odd = ["\ufeffMina was\0 here.", "He slept.\u2028She slept.\x85\n \nRavi left. \ud800"]
    lines = (json.dumps({"text": text}) + "\n" for text in [*odd, *stories[250:]])
    with gzip.open(folder / "5.jsonl.gz", "wt") as file:
        file.writelines(lines)
    (folder / "6.txt").write_bytes(b"\n\n***\n\n \xff ...\n")
    return sorted(folder.iterdir())


def documents(folder: Path) -> list[tuple[tuple[int, ...], ...]]:
    """Every document as its sentences as their ids."""
    found = []
    for shard in TokenShards(folder).shards:
        for first, last in pairwise(shard.documents):
            bounds = shard.sentences[first : int(last) + 1]
            found.append(
                tuple(tuple(shard.tokens[start:end].tolist()) for start, end in pairwise(bounds))
            )
    return found
