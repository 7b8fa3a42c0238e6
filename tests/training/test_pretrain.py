"""Pretraining trains from shards and from stored examples, and refuses what does not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.sentence_pairs import OBJECTIVES
from albert_tf.examples.shards import TokenShards
from albert_tf.models.pretrainer import SENTENCE_OBJECTIVES
from albert_tf.training.pretrain import open_examples, pretrain, pretraining_batches
from albert_tf.training.static_examples import StaticFolder
from albert_tf.training.static_records import write_static_examples
from tests.training.test_trainer import OPTIONS, config


def store(shards: TokenShards, folder: Path, objective: str = "sop") -> None:
    shape = PretrainingShape.of(shards.tokenizer, 32)
    batches = PretrainingBatches(shards, shape, objective=objective, batch_size=4, seed=0)
    write_static_examples(batches, folder, copies=1)


def test_stored_examples_train_as_shards_do(tmp_path: Path, shards: TokenShards) -> None:
    store(shards, tmp_path / "stored")
    stored = open_examples(tmp_path / "stored")
    assert isinstance(stored, StaticFolder)
    assert isinstance(open_examples(shards.directory), TokenShards)
    log = pretrain(stored, config(shards), replace(OPTIONS, steps=2), tmp_path / "model")
    assert log[-1].keys() >= {"mlm_accuracy", "sop_accuracy"}


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
