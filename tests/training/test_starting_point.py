"""A run begins with the dropout, the pooler and the head that were asked for."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.saved import load_backbone
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import TASK_FILE, write_task
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.finetune import _starting_model
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.starting_point import (
    keep_head,
    renew_pooler,
    set_head_dropout,
    with_dropout,
)
from tests.training.names import TASK, write_pretrained

INPUTS = {
    "token_ids": np.array([[2, 9, 8, 3, 0]]),
    "segment_ids": np.array([[0, 0, 0, 0, 0]]),
    "padding_mask": np.array([[1, 1, 1, 1, 0]]),
}


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Pretrained without dropout, as version 2 of ALBERT was."""
    folder = tmp_path_factory.mktemp("pretrained")
    return write_pretrained(
        folder, tokenizer, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )


@pytest.fixture(scope="module")
def finetuned(pretrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of the labels of TASK."""
    folder = tmp_path_factory.mktemp("finetuned")
    model = AlbertTextClassifier(load_backbone(pretrained), 2, compile=False)
    model.save_to_preset(str(folder))
    write_task(TASK, folder)
    return folder


def test_dropout_can_be_given_to_what_was_pretrained_without(pretrained: Path) -> None:
    before = load_backbone(pretrained)
    after = with_dropout(before, 0.5)
    assert after.config.hidden_dropout_prob == after.config.attention_probs_dropout_prob == 0.5

    def outputs(backbone: AlbertBackbone, training: bool) -> np.ndarray:
        return np.asarray(backbone(INPUTS, training=training)["sequence_output"])

    np.testing.assert_array_equal(outputs(after, training=False), outputs(before, training=False))
    # Training computes the activation in another order; a dropout moves outputs by its rate.
    np.testing.assert_allclose(
        outputs(before, training=True), outputs(before, training=False), atol=1e-6
    )
    assert np.abs(outputs(after, training=True) - outputs(before, training=False)).max() > 0.1


def test_a_new_pooler_is_random_and_nothing_else_is_new(pretrained: Path) -> None:
    before, after = load_backbone(pretrained), load_backbone(pretrained)
    after.pooler.dense.bias.assign(np.ones(10))
    renew_pooler(after)
    changed = {
        one.path for one, other in zip(before.weights, after.weights, strict=True)
        if not np.array_equal(one, other)
    }  # fmt: skip
    assert changed == {after.pooler.dense.kernel.path}


def test_the_dropout_before_a_head_is_changed_and_saved(pretrained: Path) -> None:
    model = AlbertTextClassifier(load_backbone(pretrained), 2, compile=False)
    set_head_dropout(model, 0.7)
    assert model.get_config()["dropout"] == 0.7
    logits = [np.asarray(model(INPUTS, training=True)["logits"]) for _ in range(4)]
    assert np.ptp(np.concatenate(logits)[:, 0]) > 0
    set_head_dropout(model, 0.0)
    np.testing.assert_allclose(  # but for the rounding of the activation
        model(INPUTS, training=True)["logits"], model(INPUTS, training=False)["logits"], atol=1e-6
    )


def test_a_head_without_dropout_is_given_none(pretrained: Path) -> None:
    model = AlbertQuestionAnswerer(load_backbone(pretrained), compile=False)
    with pytest.raises(ValueError, match="AlbertQuestionAnswerer has no dropout before its head"):
        set_head_dropout(model, 0.1)


def head(task: ClassificationTask, folder: Path, **options: bool) -> tuple[np.ndarray, bool]:
    model, kept = _starting_model(task, folder, FinetuningOptions(**options))
    return np.asarray(model.head.kernel), kept


def test_a_head_for_the_same_labels_is_kept(finetuned: Path) -> None:
    (first, kept), (second, _) = head(TASK, finetuned), head(TASK, finetuned)
    assert kept
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("labels", [("he", "it", "she"), ("she", "he"), ("0", "1")])
def test_a_head_for_other_labels_is_new(finetuned: Path, labels: tuple[str, ...]) -> None:
    kernel, kept = head(replace(TASK, labels=labels), finetuned)
    assert not kept
    assert not np.array_equal(kernel[:, :2], head(TASK, finetuned)[0])


def test_a_task_with_labels_for_other_classes_is_named(finetuned: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finetuned, tmp_path / "other")
    task = replace(TASK, labels=("a", "b", "c"))
    write_task(task, folder)
    model = AlbertTextClassifier(load_backbone(folder), 3, compile=False)
    with pytest.raises(
        ValueError, match=r"each class of its model \(2\); its task names 3: a, b, c"
    ):
        keep_head(model, task, folder)


def test_a_new_head_can_be_asked_for(finetuned: Path) -> None:
    kernel, kept = head(TASK, finetuned, new_head=True)
    assert not kept
    assert not np.array_equal(kernel, head(TASK, finetuned)[0])


def test_a_head_of_another_kind_of_task_and_no_head_are_not_kept(
    finetuned: Path, pretrained: Path
) -> None:
    model = AlbertQuestionAnswerer(load_backbone(pretrained), compile=False)
    task = QuestionAnsweringTask(sequence_length=29, max_query_length=8)
    assert not keep_head(model, task, finetuned)
    assert not keep_head(model, TASK, pretrained)


def test_a_damaged_task_file_is_an_error(finetuned: Path, pretrained: Path, tmp_path: Path) -> None:
    (tmp_path / TASK_FILE).write_text("{")
    model = AlbertTextClassifier(load_backbone(pretrained), 2, compile=False)
    with pytest.raises(ValueError, match="is not JSON"):
        keep_head(model, TASK, tmp_path)
