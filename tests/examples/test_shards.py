"""A shard on disk is what was written, or it is refused."""

import json
import resource
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.shards import (
    TokenShard,
    TokenShards,
    join_shards,
    make_shard,
    open_shard,
    shard_of_lengths,
    shard_path,
    token_dtype,
    vocabulary_checksum,
    write_shard,
)
from albert_tf.json_file import write_json_object
from albert_tf.text.tokenizer import load_tokenizer

DOCUMENTS = [[[5, 6, 7], [8]], [[9, 10]], [[11], [12, 13], [14, 15, 16]]]


def sentences(shard: TokenShard) -> list[list[list[int]]]:
    """The shard as lists again."""
    tokens = np.split(shard.tokens, shard.sentences[1:-1])
    ends = list(zip(shard.documents, shard.documents[1:], strict=False))
    return [[ids.tolist() for ids in tokens[start:end]] for start, end in ends]


@pytest.fixture
def folder(tmp_path: Path, vocabulary: Path) -> Path:
    """A finished folder of two shards."""
    load_tokenizer(vocabulary).save(tmp_path)
    shards = [make_shard(DOCUMENTS, 120), make_shard(DOCUMENTS[:1], 120)]
    for number, shard in enumerate(shards):
        write_shard(shard, tmp_path, number)
    write_json_object(tmp_path / "examples.json", {
        "vocabulary": vocabulary_checksum(tmp_path), "shards": [shard.counts for shard in shards],
    })  # fmt: skip
    return tmp_path


def test_a_shard_holds_its_documents() -> None:
    shard = make_shard(DOCUMENTS, 120)
    assert sentences(shard) == DOCUMENTS
    assert shard.counts == {"tokens": 12, "sentences": 6, "documents": 3}


def test_empty_sentences_and_documents_are_left_out() -> None:
    assert sentences(make_shard([[], [[], [5]], [[]], [[6], []]], 120)) == [[[5]], [[6]]]
    assert sentences(shard_of_lengths(np.array([5, 6]), [0, 1, 0, 1], [1, 1, 2])) == [[[5]], [[6]]]


def test_joined_shards_hold_the_documents_of_all() -> None:
    parts = [make_shard([document], 120) for document in DOCUMENTS]
    assert sentences(join_shards(parts)) == DOCUMENTS


def test_ids_take_the_narrowest_type() -> None:
    assert [token_dtype(size) for size in (65_536, 65_537)] == [np.uint16, np.uint32]


def test_opened_shards_are_mapped_and_equal(folder: Path) -> None:
    shards = TokenShards(folder)
    assert [sentences(shard) for shard in shards.shards] == [DOCUMENTS, DOCUMENTS[:1]]
    assert isinstance(shards.shards[0].tokens, np.memmap)
    assert shards.word_starts.shape == (shards.tokenizer.vocab_size,)


def test_a_shard_of_nothing_can_be_opened(tmp_path: Path) -> None:
    write_shard(make_shard([], 120), tmp_path, 0)
    nothing = {"tokens": 0, "sentences": 0, "documents": 0}
    assert open_shard(tmp_path, 0, nothing).counts == nothing


def test_more_shards_are_opened_than_files_were_allowed(folder: Path) -> None:
    shard = make_shard(DOCUMENTS, 120)
    manifest = json.loads((folder / "examples.json").read_text())
    for number in range(100):
        write_shard(shard, folder, number)
    manifest["shards"] = [shard.counts] * 100
    write_json_object(folder / "examples.json", manifest)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        assert len(TokenShards(folder).shards) == 100
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("part", ["tokens", "sentences", "documents"])
def test_a_damaged_shard_is_refused(folder: Path, part: str) -> None:
    path = shard_path(folder, 1, part)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match=rf"00001\.{part}\.npy is damaged"):
        TokenShards(folder)


def test_parts_that_do_not_belong_together_are_refused(folder: Path) -> None:
    np.save(shard_path(folder, 1, "sentences"), np.array([0, 3, 5], np.uint32))
    with pytest.raises(ValueError, match=r"shard 1 of .* is damaged: its parts end at \[5, 2\]"):
        TokenShards(folder)


def test_another_shard_is_refused(folder: Path) -> None:
    write_shard(make_shard(DOCUMENTS, 120), folder, 1)
    with pytest.raises(ValueError, match=r"shard 1 of .* must hold .*'tokens': 4"):
        TokenShards(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    shard_path(folder, 1, "documents").unlink()
    with pytest.raises(FileNotFoundError, match=r"00001\.documents\.npy"):
        TokenShards(folder)


def test_another_vocabulary_is_refused(folder: Path) -> None:
    with (folder / "spiece.model").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ValueError, match="must be the one its shards were made with"):
        TokenShards(folder)


def test_an_unfinished_folder_is_refused(folder: Path) -> None:
    (folder / "examples.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"holds no examples\.json"):
        TokenShards(folder)
