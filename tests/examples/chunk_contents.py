"""What tests of chunks share: what they hold, and a rule of cutting that depends on shards."""

from collections.abc import Sequence

import numpy as np
import pytest

from albert_tf.examples import chunks
from albert_tf.examples.shards import TokenShard


def contents(shards: Sequence[TokenShard], target: int = 29) -> list[bytes]:
    """The tokens of every chunk."""
    return [chunk.ids(0, len(chunk)).tobytes() for chunk in chunks.Chunks(shards, target)]


def alternate_along_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts every other stretch of a shard from its end, whatever document it is of."""
    stretches = chunks._stretches

    def of_the_shard(*offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, _ = stretches(*offsets)
        return first, np.arange(len(first)) % 2 == 1

    monkeypatch.setattr(chunks, "_stretches", of_the_shard)
