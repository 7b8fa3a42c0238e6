"""Modules of TensorFlow Hub, in the names of both formats, give the official numbers."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.models.checkpoints.tensors import CheckpointMismatch
from albert_tf.models.checkpoints.tfhub import read_checkpoint
from albert_tf.models.pretrainer import AlbertPretrainer
from tests.conftest import TINY
from tests.models.checkpoints.official import Tensors, forward, random_inputs, random_tensors
from tests.models.checkpoints.test_google import write_checkpoint

INPUTS = random_inputs(TINY)
LAYER = "bert/encoder/transformer/group_0/inner_group_0"
# Name in the second format, name in the official code, whether heads are an axis of their own.
SECOND = {
    "word_embeddings/embeddings": ("bert/embeddings/word_embeddings", None),
    "position_embedding/embeddings": ("bert/embeddings/position_embeddings", None),
    "type_embeddings/embeddings": ("bert/embeddings/token_type_embeddings", None),
    "embeddings/layer_norm": ("bert/embeddings/LayerNorm", "norm"),
    "embedding_projection": ("bert/encoder/embedding_hidden_mapping_in", "dense"),
    "transformer/self_attention/query": (f"{LAYER}/attention_1/self/query", "heads"),
    "transformer/self_attention/key": (f"{LAYER}/attention_1/self/key", "heads"),
    "transformer/self_attention/value": (f"{LAYER}/attention_1/self/value", "heads"),
    "transformer/self_attention/attention_output": (
        f"{LAYER}/attention_1/output/dense", "output"
    ),
    "transformer/self_attention_layer_norm": (f"{LAYER}/LayerNorm", "norm"),
    "transformer/intermediate": (f"{LAYER}/ffn_1/intermediate/dense", "dense"),
    "transformer/output": (f"{LAYER}/ffn_1/intermediate/output/dense", "dense"),
    "transformer/output_layer_norm": (f"{LAYER}/LayerNorm_1", "norm"),
    "pooler_transform": ("bert/pooler/dense", "dense"),
}  # fmt: skip


def second_format(tensors: Tensors, heads: int) -> Tensors:
    """Renames and reshapes as Model Garden's Keras layers store them."""
    renamed: Tensors = {}
    for name, (official, kind) in SECOND.items():
        if kind is None:
            renamed[name] = tensors[official]
            continue
        for part in ("gamma", "beta") if kind == "norm" else ("kernel", "bias"):
            value = tensors[f"{official}/{part}"]
            if kind == "heads":
                value = value.reshape(*value.shape[:-1], heads, -1)
            elif kind == "output" and part == "kernel":
                value = value.reshape(heads, -1, value.shape[1])
            renamed[f"{name}/{part}"] = value
    return renamed


def write_module(folder: Path, tensors: Tensors) -> None:
    module = tf.Module()
    module.tensors = [tf.Variable(tensor, name=name) for name, tensor in tensors.items()]
    tf.saved_model.save(module, str(folder))


def largest_difference(tensors: Tensors, folder: Path) -> float:
    found = getattr(read_checkpoint(folder).model, "backbone", read_checkpoint(folder).model)
    outputs, expected = found(INPUTS), forward(tensors, TINY, INPUTS)
    return max(
        float(np.abs(outputs[name] - expected[name]).max())
        for name in ("sequence_output", "pooled_output")
    )


def test_the_second_format_gives_the_official_numbers(tmp_path: Path) -> None:
    tensors = random_tensors(TINY)
    write_module(tmp_path, second_format(tensors, TINY.num_attention_heads))
    TINY.write(tmp_path / "albert_config.json")
    # float32 against float64.
    assert largest_difference(tensors, tmp_path) <= 1e-5
    tensors[f"{LAYER}/attention_1/self/query/kernel"][5, 7] += 0.1
    assert largest_difference(tensors, tmp_path) > 1e-4


def test_a_head_beside_the_second_format_is_left_out_and_said(tmp_path: Path) -> None:
    tensors = second_format(random_tensors(TINY), TINY.num_attention_heads)
    head = {"cls/predictions/output_bias": np.zeros(101, np.float32)}
    write_module(tmp_path, {**tensors, **head})
    TINY.write(tmp_path / "albert_config.json")
    assert read_checkpoint(tmp_path).left_out == ("masked-LM head",)
    replace(TINY, num_hidden_groups=3).write(tmp_path / "albert_config.json")
    with pytest.raises(ValueError, match="must have one layer, as the format does"):
        read_checkpoint(tmp_path)


def test_the_first_format_gives_the_official_numbers(tmp_path: Path) -> None:
    tensors = random_tensors(TINY)
    written = {f"module/{name}": tensor for name, tensor in tensors.items()}
    write_checkpoint(tmp_path / "variables", written)
    shutil.move(tmp_path / "variables" / "albert_config.json", tmp_path / "albert_config.json")
    (tmp_path / "saved_model.pb").touch()
    assert isinstance(read_checkpoint(tmp_path).model, AlbertPretrainer)
    assert largest_difference(tensors, tmp_path) <= 1e-5


def test_a_released_size_is_known_by_its_widths(tmp_path: Path) -> None:
    config = AlbertConfig.named("albert_tiny", vocab_size=101)
    write_module(tmp_path, second_format(random_tensors(config), config.num_attention_heads))
    assert read_checkpoint(tmp_path).model.config == config


def test_other_widths_need_a_config(tmp_path: Path) -> None:
    write_module(tmp_path, second_format(random_tensors(TINY), 2))
    with pytest.raises(ValueError, match=r"put its albert_config.json into that folder"):
        read_checkpoint(tmp_path)


def test_what_is_not_such_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"saved_model.pb is missing"):
        read_checkpoint(tmp_path)
    write_module(tmp_path, {"a/b": np.zeros(3, np.float32)})
    with pytest.raises(CheckpointMismatch, match=r"missing .'word_embeddings/embeddings'"):
        read_checkpoint(tmp_path)
    replace(TINY, hidden_size=28).write(tmp_path / "albert_config.json")
    with pytest.raises(CheckpointMismatch, match=r"unexpected a/b"):
        read_checkpoint(tmp_path)
