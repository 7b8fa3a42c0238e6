"""Pretraining trains from shards and from stored examples, and refuses what does not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.sentence_pairs import OBJECTIVES
from albert_tf.examples.shards import TokenShards
from albert_tf.models.pretrainer import SENTENCE_OBJECTIVES
from albert_tf.training.input_pipeline import MakeBatch
from albert_tf.training.pretrain import open_examples, pretrain, pretraining_batches
from albert_tf.training.static_examples import StaticFolder
from albert_tf.training.static_records import write_static_examples
from tests.training.test_trainer import OPTIONS, config


def store(shards: TokenShards, folder: Path, objective: str = "sop") -> None:
    shape = PretrainingShape.of(shards.tokenizer, 32)
    batches = PretrainingBatches(shards, shape, objective=objective, batch_size=4, seed=0)
    write_static_examples(batches, folder, copies=1)


def rows(make_batch: MakeBatch, count: int) -> list[bytes]:
    """Everything that Keras gets of the first examples, sorted."""
    batches = [make_batch(step) for step in range(-(-count // OPTIONS.batch_size))]
    examples = [
        b"".join(part[name][row].tobytes() for part in batch for name in sorted(part))
        for batch in batches
        for row in range(OPTIONS.batch_size)
    ]
    return sorted(examples[:count])


def test_stored_examples_are_those_of_the_shards(tmp_path: Path, shards: TokenShards) -> None:
    store(shards, tmp_path)
    stored = open_examples(tmp_path)
    assert isinstance(stored, StaticFolder)
    assert isinstance(open_examples(shards.directory), TokenShards)
    count = sum(stored.manifest.files.values())
    found, expected, other = (
        rows(pretraining_batches(corpus, replace(OPTIONS, seed=seed)), count)
        for corpus, seed in ((stored, 0), (shards, 0), (shards, 1))
    )
    assert found == expected
    assert not set(found) & set(other)  # the control: another seed masks other words


@pytest.mark.slow
def test_a_model_is_trained_from_stored_examples(tmp_path: Path, shards: TokenShards) -> None:
    store(shards, tmp_path / "stored")
    options = replace(OPTIONS, steps=20, steps_per_save=10, learning_rate=0.01)
    log = pretrain(open_examples(tmp_path / "stored"), config(shards), options, tmp_path / "model")
    assert log[-1].keys() >= {"mlm_accuracy", "sop_accuracy"}
    # Means over ten steps, of 200 words and so with a deviation of some 0.03.
    assert log[-1]["mlm_loss"] < log[0]["mlm_loss"] - 0.1


@pytest.mark.parametrize("objective", ["sop", "nsp", "none"])
def test_both_sources_feed_the_same_tensors(
    tmp_path: Path, shards: TokenShards, objective: str
) -> None:
    store(shards, tmp_path, objective)
    options = replace(OPTIONS, objective=objective)
    shapes = [
        [{name: array.shape for name, array in part.items()} for part in make_batch(0)]
        for make_batch in (
            pretraining_batches(corpus, options) for corpus in (shards, open_examples(tmp_path))
        )
    ]
    assert shapes[0] == shapes[1]
    inputs, targets, weights = shapes[0]
    assert inputs.keys() == {"token_ids", "segment_ids", "padding_mask", "mask_positions"}
    assert targets.keys() == weights.keys() == {"mlm"} | ({objective} - {"none"})


def test_stored_examples_of_another_kind_are_refused(tmp_path: Path, shards: TokenShards) -> None:
    store(shards, tmp_path)
    stored = open_examples(tmp_path)
    with pytest.raises(ValueError, match=r"sequence_length must be that .* \(32\); got 31"):
        pretraining_batches(stored, replace(OPTIONS, sequence_length=31))
    with pytest.raises(ValueError, match=r"objective must be that .* \(sop\); got nsp"):
        pretraining_batches(stored, replace(OPTIONS, objective="nsp"))


def test_a_sentence_target_weighs_one(shards: TokenShards) -> None:
    _, targets, weights = pretraining_batches(shards, OPTIONS)(0)
    np.testing.assert_array_equal(weights["sop"], np.ones_like(targets["sop"]))


def test_examples_and_models_know_the_same_objectives() -> None:
    assert OBJECTIVES == SENTENCE_OBJECTIVES


def test_a_folder_of_neither_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no examples.json"):
        open_examples(tmp_path)
