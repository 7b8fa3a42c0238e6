"""Adapters are trained in place of the body, and merged into what is saved."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.saved import load_task_model
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training import finetune as module
from albert_tf.training.adapters import add_adapters
from albert_tf.training.evaluate import load
from albert_tf.training.finetune import finetune
from tests.conftest import TINY
from tests.training.names import OPTIONS, TASK, TRAINING, VALIDATION, write_pretrained


def test_only_adapters_are_trainable_and_at_first_they_change_nothing() -> None:
    backbone = AlbertBackbone(TINY)
    inputs = {
        "token_ids": np.array([[2, 9, 8, 3]]), "segment_ids": np.zeros((1, 4), int),
        "padding_mask": np.ones((1, 4), int),
    }  # fmt: skip
    before = np.asarray(backbone(inputs)["sequence_output"])
    add_adapters(backbone, 3)
    names = sorted("/".join(v.path.split("/")[-2:]) for v in backbone.trainable_variables)
    assert names == [
        "query/lora_kernel_a", "query/lora_kernel_b", "value/lora_kernel_a", "value/lora_kernel_b",
    ]  # fmt: skip
    assert sum(v.shape[0] * v.shape[1] for v in backbone.trainable_variables) == 4 * 26 * 3
    np.testing.assert_array_equal(before, backbone(inputs)["sequence_output"])


@pytest.mark.parametrize("rank", [0, 26])
def test_a_rank_that_saves_nothing_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=rf"below hidden_size \(26\); got {rank}"):
        add_adapters(AlbertBackbone(TINY), rank)


@pytest.mark.slow
def test_the_saved_model_has_the_adapters_merged_and_answers_the_same(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretrained = write_pretrained(tmp_path / "pretrained", tokenizer)
    models = []
    start = module._starting_model

    def starting_model(*arguments: object) -> object:
        models.append(start(*arguments))  # type: ignore[arg-type]
        return models[-1]

    monkeypatch.setattr(module, "_starting_model", starting_model)
    options = replace(OPTIONS, lora=2, learning_rate=0.02, layer_decay=0.9)
    log = finetune(TASK, pretrained, TRAINING, VALIDATION, options, tmp_path / "out")
    assert len(log) == 4

    trained = models[0][0]
    saved = load_task_model(tmp_path / "out", "classification")
    start_model = AlbertBackbone.from_preset(str(pretrained))
    unequal = {
        one.path.partition("/")[2] for one, other in zip(
            start_model.weights, saved.backbone.weights, strict=True
        ) if not np.array_equal(one, other)
    }  # fmt: skip
    blocks = "attention_0_0/attention"
    assert {path[path.index(blocks):] for path in unequal} == {
        f"{blocks}/{name}/kernel" for name in ("query", "value")
    }  # fmt: skip
    lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    again = list(load(tmp_path / "out").predict_all(VALIDATION))
    for line, prediction in zip(lines, again, strict=True):
        # The kernel and the adapter are added before or after the product with the input.
        assert json.loads(line)["probabilities"] == pytest.approx(
            prediction.probabilities, abs=1e-6
        )
    inputs = {name: np.ones((2, 5), int) for name in ("token_ids", "segment_ids", "padding_mask")}
    np.testing.assert_allclose(saved(inputs)["logits"], trained(inputs)["logits"], atol=1e-6)
