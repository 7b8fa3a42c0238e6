"""A tiny real vocabulary, model and folders that many tests share; and where real data lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.demo.world import tell_story
from albert_tf.examples.shards import TokenShards
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary import train_vocabulary
from tests.story_shards import write_stories

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Primes where the model allows it, so that swapped axes cannot pass.
TINY = AlbertConfig(
    vocab_size=101,
    embedding_size=11,
    hidden_size=26,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=37,
    max_position_embeddings=64,
    initializer_range=0.1,
)


@pytest.fixture(scope="module", autouse=True)
def seed() -> None:
    """Random weights and inputs are the same in every run of a file of tests."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real checkpoints and datasets, which is never part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs real data in {folder}")
    return folder


@pytest.fixture(scope="session")
def stories() -> list[list[str]]:
    """Documents of the little world."""
    rng = np.random.default_rng(0)
    return [tell_story(rng).sentences for _ in range(60)]


@pytest.fixture(scope="session")
def vocabulary(tmp_path_factory: pytest.TempPathFactory, stories: list[list[str]]) -> Path:
    """A folder with a real SentencePiece vocabulary."""
    folder = tmp_path_factory.mktemp("vocabulary")
    train_vocabulary((line for story in stories for line in story), folder, vocab_size=120)
    return folder


@pytest.fixture(scope="session")
def tokenizer(vocabulary: Path) -> Tokenizer:
    return load_tokenizer(vocabulary)


@pytest.fixture(scope="session")
def shards(
    tmp_path_factory: pytest.TempPathFactory, stories: list[list[str]], tokenizer: Tokenizer
) -> TokenShards:
    """The stories as a folder of token shards."""
    return write_stories(stories, tokenizer, tmp_path_factory.mktemp("shards"))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], list[str]]:
    """Makes saving a kind of tokenizer fail, and lists what had been written by then."""

    def fill(kind: type) -> list[str]:
        seen: list[str] = []

        def save(self: object, directory: Path) -> list[str]:
            seen.extend(path.name for path in directory.iterdir())
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(kind, "save", save)
        return seen

    return fill
