"""Every batch is a function of seed and step, whatever its size and whoever makes it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.shards import TokenShards
from albert_tf.text.tokenizer import Tokenizer
from tests.story_shards import write_stories

T = 61


def batches(
    shards: TokenShards, *, size: int = 7, seed: int = 0, length: int = T, objective: str = "sop"
) -> PretrainingBatches:
    shape = PretrainingShape.of(shards.tokenizer, length)
    return PretrainingBatches(shards, shape, objective=objective, batch_size=size, seed=seed)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first | second)


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize(
    ("objective", "label"), [("sop", {"sop_label"}), ("nsp", {"nsp_label"}), ("none", set())]
)
def test_shapes_are_fixed(shards: TokenShards, objective: str, label: set[str]) -> None:
    made = batches(shards, objective=objective)(0)
    assert {name: array.shape for name, array in made.items()} == {
        "token_ids": (7, 61), "segment_ids": (7, 61), "padding_mask": (7, 61),
        "mask_positions": (7, 9), "mask_ids": (7, 9), "mask_weights": (7, 9),
        **dict.fromkeys(label, (7,)),
    }  # fmt: skip
    assert {array.dtype for array in made.values()} == {np.dtype(np.int32)}


def test_masked_places_are_real_ordinary_tokens(shards: TokenShards, tokenizer: Tokenizer) -> None:
    made = joined([batches(shards)(step) for step in range(20)])
    rows, places = np.nonzero(made["mask_weights"])
    columns = made["mask_positions"][rows, places]
    assert (made["padding_mask"][rows, columns] == 1).all()
    assert (made["mask_ids"][rows, places] > tokenizer.special.mask).all()
    budget = np.round(0.15 * made["padding_mask"].sum(1))
    spent = made["mask_weights"].sum(1)
    assert (spent <= budget).all()
    # A word of two pieces may not fit the last place.
    assert (spent == budget).mean() > 0.8


def test_restoring_the_masks_gives_a_chunk_back(shards: TokenShards) -> None:
    made_by = batches(shards, length=201, size=50)
    made = made_by(0)
    restore(made)
    whole = 0
    for row in range(50):
        ids, segments = made["token_ids"][row], made["segment_ids"][row]
        real = made["padding_mask"][row] == 1
        first, second = ids[1:][(segments == 0)[1:] & real[1:]][:-1], ids[segments == 1][:-1]
        halves = [first, second] if made["sop_label"][row] == 0 else [second, first]
        chunk = made_by.chunks[made_by.chunk(row)]
        text = ",".join(map(str, np.concatenate(halves)))
        assert text in ",".join(map(str, chunk.ids(0, len(chunk))))
        whole += len(np.concatenate(halves)) == chunk.offsets[-1] - chunk.offsets[0]
    assert whole > 25


def restore(made: dict[str, np.ndarray]) -> None:
    """Puts the true ids back."""
    rows, places = np.nonzero(made["mask_weights"])
    made["token_ids"][rows, made["mask_positions"][rows, places]] = made["mask_ids"][rows, places]


def test_same_seed_gives_the_same_batch(shards: TokenShards) -> None:
    first, second, other = (batches(shards, seed=seed)(5) for seed in (3, 3, 4))
    assert same(first, second)
    assert not same(first, other)


def test_any_step_can_be_made_alone(shards: TokenShards) -> None:
    in_turn, alone = batches(shards), batches(shards)
    wanted = [in_turn(step) for step in range(60)]
    assert same(alone(59), wanted[59])
    assert same(alone(2), wanted[2])


def test_the_batch_size_changes_no_example(shards: TokenShards) -> None:
    small, large = batches(shards, size=7), batches(shards, size=35)
    assert same(joined([small(step) for step in range(10)]), joined([large(0), large(1)]))


def test_the_rows_of_two_workers_join_to_the_whole_batch(shards: TokenShards) -> None:
    made = batches(shards, size=8)
    shares = [batches(shards, size=8)(3, rows) for rows in (slice(0, 4), slice(4, 8))]
    assert same(joined(shares), made(3))
    every_other = made(3, slice(1, None, 2))
    assert np.array_equal(every_other["token_ids"], made(3)["token_ids"][1::2])


def test_every_epoch_takes_every_chunk_once_in_a_new_order(shards: TokenShards) -> None:
    made = batches(shards)
    count = made.examples_per_epoch
    epochs = [[made.chunk(n) for n in range(e * count, (e + 1) * count)] for e in range(3)]
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs)
    assert count >= 60
    stays = [np.mean(np.equal(a, b)) for a, b in ((epochs[0], epochs[1]), (epochs[1], epochs[2]))]
    assert max(stays) < 0.1  # a shuffle leaves one in its place


def test_a_chunk_is_masked_and_swapped_anew_in_every_epoch(shards: TokenShards) -> None:
    made = batches(shards, size=1)
    seen: Counter[bytes] = Counter()
    for number in range(20 * made.examples_per_epoch):
        if made.chunk(number) == 0:
            seen[made(number)["token_ids"].tobytes()] += 1
    assert seen.most_common(1)[0][1] == 1
    assert len(seen) == 20


def test_none_also_reads_documents_of_one_sentence(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    lone = write_stories([stories[0][:1]] * 3, tokenizer, tmp_path)
    made = batches(lone, objective="none")(0)
    assert (made["segment_ids"] == 0).all()
    with pytest.raises(ValueError, match="a document of at least 2 sentences; it has none"):
        batches(lone)


def test_nsp_needs_two_documents(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    one = write_stories(stories[:1], tokenizer, tmp_path)
    with pytest.raises(ValueError, match="2 documents of at least 2 sentences for nsp; it has one"):
        batches(one, objective="nsp")


def test_bad_settings_are_named_in_the_error(shards: TokenShards) -> None:
    with pytest.raises(ValueError, match="objective must be one of sop, nsp, none; got 'order'"):
        batches(shards, objective="order")
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        batches(shards, size=0)
    with pytest.raises(ValueError, match=r"sequence_length must be at least 5.*; got 4"):
        batches(shards, length=4)
    other = replace(batches(shards).shape, vocab_size=7)
    with pytest.raises(ValueError, match=r"vocab_size must be that of the shards .*; got 7"):
        PretrainingBatches(shards, other, batch_size=2, seed=0)
