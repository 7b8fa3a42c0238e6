"""Pretraining examples hold both answers, and one seed makes one batch."""

import numpy as np

from albert_tf.examples.pretraining import PretrainingShape, batch_examples, make_example
from albert_tf.text.tokenizer import Tokenizer


def batch(tokenizer: Tokenizer, stories: list[list[str]], seed: int = 0) -> dict[str, np.ndarray]:
    shape = PretrainingShape(61, tokenizer.vocab_size, tokenizer.special)
    rng = np.random.default_rng(seed)
    encoded = [[tokenizer.encode(line) for line in story] for story in stories[:7]]
    return batch_examples([make_example(story, shape, rng) for story in encoded], shape)


def test_shapes_are_fixed(tokenizer: Tokenizer, stories: list[list[str]]) -> None:
    made = batch(tokenizer, stories)
    assert {name: array.shape for name, array in made.items()} == {
        "token_ids": (7, 61), "segment_ids": (7, 61), "padding_mask": (7, 61),
        "mask_positions": (7, 9), "mask_ids": (7, 9), "mask_weights": (7, 9), "sop_label": (7,),
    }  # fmt: skip


def test_masked_places_are_real_ordinary_tokens(
    tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    made = batch(tokenizer, stories)
    rows, places = np.nonzero(made["mask_weights"])
    positions = made["mask_positions"][rows, places]
    assert (made["padding_mask"][rows, positions] == 1).all()
    assert (made["mask_ids"][rows, places] > tokenizer.special.mask).all()


def test_restoring_the_masks_gives_the_two_halves_back(
    tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    shape = PretrainingShape(201, tokenizer.vocab_size, tokenizer.special)
    for seed, story in enumerate(stories[:20]):
        encoded = [tokenizer.encode(line) for line in story]
        example = make_example(encoded, shape, np.random.default_rng(seed))
        ids = example.masked.token_ids.copy()
        ids[example.masked.mask_positions] = example.masked.mask_ids
        first = ids[1:][example.packed.segment_ids[1:] == 0][:-1].tolist()
        second = ids[example.packed.segment_ids == 1][:-1].tolist()
        halves = [first, second] if example.sop_label == 0 else [second, first]
        assert halves[0] + halves[1] == [t for line in encoded for t in line.token_ids]


def test_what_is_cut_leaves_at_both_ends(tokenizer: Tokenizer, stories: list[list[str]]) -> None:
    shape = PretrainingShape(31, tokenizer.vocab_size, tokenizer.special)
    halves = [tokenizer.encode(" ".join(stories[0])), tokenizer.encode(" ".join(stories[1]))]
    firsts = set()
    for seed in range(20):
        example = make_example(halves, shape, np.random.default_rng(seed))
        assert len(example.packed.token_ids) == 31
        whole = halves[example.sop_label].token_ids
        kept = example.packed.token_ids[1:15].tolist()
        firsts |= {at for at in range(len(whole)) if whole[at : at + 14] == kept}
    assert min(firsts) > 0
    assert len(firsts) > 5


def test_same_seed_gives_the_same_batch(tokenizer: Tokenizer, stories: list[list[str]]) -> None:
    first, second, other = (batch(tokenizer, stories, seed) for seed in (3, 3, 4))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert (first["token_ids"] != other["token_ids"]).any()
