"""A checkpoint in the official layout gives the numbers of the official equations."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.google import read_checkpoint
from albert_tf.models.checkpoints.tensors import CheckpointMismatch
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from tests.conftest import TINY
from tests.models.checkpoints.official import Tensors, forward, random_inputs, random_tensors

INPUTS = random_inputs(TINY)


def write_checkpoint(folder: Path, tensors: Tensors, config: Any = TINY) -> None:
    """Saves as the official code does: TensorFlow 1's Saver, with what Adam keeps beside."""
    folder.mkdir(exist_ok=True)
    config.write(folder / "albert_config.json")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, tensor in tensors.items():
            tf.compat.v1.get_variable(name, initializer=tensor)
        tf.compat.v1.get_variable("global_step", initializer=np.int64(125_000))
        first = next(iter(tensors))
        tf.compat.v1.get_variable(f"{first}/adam_m", initializer=tensors[first])
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(folder / "model.ckpt-best"))


@pytest.mark.parametrize("changes", [{}, {"num_hidden_groups": 3}, {"inner_group_num": 2}], ids=str)
def test_an_official_checkpoint_gives_the_official_numbers(
    tmp_path: Path, changes: dict[str, int]
) -> None:
    config = replace(TINY, **changes)
    tensors = random_tensors(config)
    write_checkpoint(tmp_path, tensors, config)
    model = read_checkpoint(tmp_path).model
    assert isinstance(model, AlbertPretrainer)

    def difference() -> float:
        expected = forward(tensors, config, INPUTS)
        places = np.arange(7, dtype=np.int32)[None].repeat(3, 0)
        found = {**model.backbone(INPUTS), **model({**INPUTS, "mask_positions": places})}
        return max(float(np.abs(found[name] - expected[name]).max()) for name in expected)

    # float32 against float64; logits are sums of 11 products.
    assert difference() <= 1e-5
    # The control: one weight of the feed-forward layer.
    tensors["bert/encoder/transformer/group_0/inner_group_0/ffn_1/intermediate/dense/kernel"][
        5, 7
    ] += 0.01
    assert difference() > 1e-4


def without_heads(tensors: Tensors) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("cls/")}


@pytest.mark.parametrize(
    ("heads", "kind"),
    [
        ({}, AlbertBackbone),
        ({"output_weights": (5, 26), "output_bias": (5,)}, AlbertTextClassifier),
        ({"output_weights": (1, 26), "output_bias": (1,)}, AlbertMultipleChoice),
        (
            {"cls/squad/output_weights": (2, 26), "cls/squad/output_bias": (2,)},
            AlbertQuestionAnswerer,
        ),
    ],
)
def test_heads_come_along(tmp_path: Path, heads: dict[str, tuple[int, ...]], kind: type) -> None:
    tensors = without_heads(random_tensors(TINY))
    added = {name: np.full(shape, 0.5, np.float32) for name, shape in heads.items()}
    write_checkpoint(tmp_path, {**tensors, **added})
    imported = read_checkpoint(tmp_path)
    assert type(imported.model) is kind
    if heads:
        np.testing.assert_array_equal(imported.model.head.kernel, np.full_like(
            imported.model.head.kernel, 0.5
        ))  # fmt: skip
    if kind is AlbertTextClassifier:
        assert imported.labels == ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4")


def test_a_model_without_sharing_is_read_from_its_groups(tmp_path: Path) -> None:
    grouped = replace(TINY, num_hidden_groups=3)
    write_checkpoint(tmp_path, random_tensors(grouped), grouped)
    replace(TINY, parameter_sharing="none").write(tmp_path / "albert_config.json")
    assert read_checkpoint(tmp_path).model.backbone.config.parameter_sharing == "none"


def test_every_wrong_tensor_is_listed(tmp_path: Path) -> None:
    tensors = random_tensors(TINY)
    del tensors["bert/pooler/dense/bias"]
    tensors["surprise"] = np.zeros(3, np.float32)
    tensors["cls/predictions/output_bias"] = np.zeros(7, np.float32)
    tensors["bert/embeddings/LayerNorm/beta"][3] = np.nan
    write_checkpoint(tmp_path, tensors)
    with pytest.raises(CheckpointMismatch) as raised:
        read_checkpoint(tmp_path)
    for problem in (
        "missing bert/pooler/dense/bias",
        "unexpected surprise",
        "cls/predictions/output_bias has shape (7,), expected (101,)",
        "bert/embeddings/LayerNorm/beta has values that are not finite",
    ):
        assert problem in str(raised.value)


def test_a_config_of_another_size_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, random_tensors(TINY))
    replace(TINY, hidden_size=28).write(tmp_path / "albert_config.json")
    with pytest.raises(CheckpointMismatch, match=r"has shape .26, 26., expected .28, 28."):
        read_checkpoint(tmp_path)


def test_what_a_mac_leaves_beside_a_file_is_passed_over(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, random_tensors(TINY))
    (tmp_path / "._model.ckpt-best.index").touch()
    assert isinstance(read_checkpoint(tmp_path).model, AlbertPretrainer)


def test_an_empty_folder_and_a_truncated_file_are_named(tmp_path: Path) -> None:
    TINY.write(tmp_path / "albert_config.json")
    with pytest.raises(FileNotFoundError, match=r"no file ends in .index"):
        read_checkpoint(tmp_path)
    write_checkpoint(tmp_path, random_tensors(TINY))
    (data,) = tmp_path.glob("*.data-*")
    data.write_bytes(data.read_bytes()[:999])
    with pytest.raises(ValueError, match=r"model.ckpt-best is damaged"):
        read_checkpoint(tmp_path)
    index = tmp_path / "model.ckpt-best.index"
    index.write_bytes(index.read_bytes()[:99])
    with pytest.raises(ValueError, match=r"model.ckpt-best is damaged"):
        read_checkpoint(tmp_path)
