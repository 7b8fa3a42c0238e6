"""Samples become batches that hold all of them once, and nothing that counts besides."""

import numpy as np
import pytest

from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.task import Sample
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.task_batches import encode, stack, validation_batches
from tests.training.names import TASK, TRAINING, VALIDATION


def test_rows_that_fill_up_weigh_nothing(tokenizer: Tokenizer) -> None:
    samples = encode("training", TASK, TRAINING[:3], tokenizer, progress=False)
    inputs, targets, weights = stack(samples, TASK, tokenizer, parts=2)
    assert inputs["token_ids"].shape == (4, 16)
    np.testing.assert_array_equal(weights["logits"], [1, 1, 1, 0])
    np.testing.assert_array_equal(targets["logits"][:3], [1, 1, 1])  # "she"
    np.testing.assert_array_equal(inputs["token_ids"][3], inputs["token_ids"][0])


def test_options_to_choose_from_have_an_axis_of_their_own(tokenizer: Tokenizer) -> None:
    (one, *_), (two, *_), (three, *_) = (TASK.encode(text, tokenizer) for text in TRAINING[:3])
    choice = Sample((*one.inputs, *two.inputs, *three.inputs), {"logits": 2})
    inputs, targets, _ = stack([choice, choice], TASK, tokenizer)
    assert inputs["token_ids"].shape == (2, 3, 16)
    assert targets["logits"].tolist() == [2, 2]
    np.testing.assert_array_equal(
        inputs["token_ids"][1, 2], stack([three], TASK, tokenizer)[0]["token_ids"][0]
    )


def test_numbers_are_trained_on_as_numbers(tokenizer: Tokenizer) -> None:
    (sample,) = TASK.encode(TRAINING[0], tokenizer)
    targets = stack([Sample(sample.inputs, {"logits": 2.5})], TASK, tokenizer)[1]
    assert targets["logits"].dtype == np.float32


def test_validation_holds_every_example_once(tokenizer: Tokenizer) -> None:
    batches = list(validation_batches(TASK, VALIDATION, tokenizer, batch_size=3))
    assert [len(targets["logits"]) for _, targets, _ in batches] == [3, 1]
    assert sum(int(targets["logits"].numpy().sum()) for _, targets, _ in batches) == 2


def test_a_label_that_is_not_known_is_named(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="label must be one of he, she; got 'it'"):
        encode("training", TASK, [TextExample("a", label="it")], tokenizer, progress=False)
