"""The `config.json` of Hugging Face is translated both ways, or refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.models.checkpoints.huggingface_config import (
    architecture,
    read_config,
    read_labels,
    write_config,
)
from tests.conftest import TINY
from tests.models.checkpoints.tiny import tiny_checkpoint


@pytest.mark.parametrize("activation", ["gelu", "gelu_erf", "relu"])
def test_what_is_written_reads_back(tmp_path: Path, activation: str) -> None:
    path = tmp_path / "config.json"
    config = replace(TINY, hidden_act=activation, num_hidden_groups=3)
    write_config(config, "AlbertForSequenceClassification", ("no", "yes"), path)
    assert read_config(path) == config
    assert architecture(path) == "AlbertForSequenceClassification"
    assert read_labels(path) == ("no", "yes")


def test_a_model_that_shares_nothing_has_a_group_for_each_layer(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    write_config(replace(TINY, parameter_sharing="none"), "AlbertModel", (), path)
    assert json.loads(path.read_text())["num_hidden_groups"] == TINY.num_hidden_layers
    assert read_config(path) == replace(TINY, num_hidden_groups=TINY.num_hidden_layers)


def test_labels_are_numbered_from_zero_or_have_no_names(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    assert read_labels(tmp_path / "config.json") == ("LABEL_0", "LABEL_1")
    tiny_checkpoint(tmp_path, id2label={"1": "b", "0": "a"})
    assert read_labels(tmp_path / "config.json") == ("a", "b")
    for labels in ({"0": "a", "2": "b"}, {"zero": "a"}, ["a"]):
        tiny_checkpoint(tmp_path, id2label=labels)
        with pytest.raises(ValueError, match="id2label must number its labels from 0"):
            read_labels(tmp_path / "config.json")


def test_classes_may_be_counted_and_not_named(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, num_labels=3)
    assert read_labels(tmp_path / "config.json") == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_keys_that_say_nothing_about_the_numbers_are_passed_over(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    plain = read_config(tmp_path / "config.json")
    tiny_checkpoint(
        tmp_path, layers_to_keep=[], tokenizer_class="AlbertTokenizer", use_cache=True,
        tie_word_embeddings=True, pruned_heads={}, torchscript=False, output_attentions=False,
        gradient_checkpointing=False, _attn_implementation_autoset=True,
    )  # fmt: skip
    assert read_config(tmp_path / "config.json") == plain


def test_a_file_without_sizes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "albert", "vocab_size": 9}))
    with pytest.raises(ValueError, match="lacks embedding_size, hidden_size"):
        read_config(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "bert"}, "model_type must be albert; got 'bert'"),
        ({"hidden_act": "swish"}, "hidden_act must be one of gelu_new, gelu, relu; got 'swish'"),
        ({"layer_norm_eps": 1e-5}, "layer_norm_eps must be 1e-12"),
        ({"head_mask": True}, "unknown keys .'head_mask'"),
        (
            {"position_embedding_type": "relative"},
            "position_embedding_type must be 'absolute'",
        ),
        ({"hidden_act": ["gelu"]}, "hidden_act must be one of gelu_new, gelu, relu; got .'gelu'."),
        ({"tie_word_embeddings": False}, "tie_word_embeddings must be True; got False"),
        ({"pruned_heads": {"0": [1]}}, "pruned_heads must be {}; got"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused(
    tmp_path: Path, config: dict[str, object], words: str
) -> None:
    tiny_checkpoint(tmp_path, **config)
    with pytest.raises(ValueError, match=words):
        read_config(tmp_path / "config.json")
