"""The config reads the official file, refuses everything else, and knows the named sizes."""

from pathlib import Path
from typing import Any

import pytest

from albert_tf.config import AlbertConfig


def test_a_written_config_reads_back_equal(tmp_path: Path) -> None:
    config = AlbertConfig.named("albert_tiny", vocab_size=8_009)
    config.write(tmp_path / "albert_config.json")
    assert AlbertConfig.read(tmp_path / "albert_config.json") == config


def test_sharing_all_is_not_written_for_the_official_code_does_not_know_the_key(
    tmp_path: Path,
) -> None:
    for sharing, written in (("all", False), ("ffn", True)):
        config = AlbertConfig(parameter_sharing=sharing)
        config.write(tmp_path / "albert_config.json")
        assert ("parameter_sharing" in (tmp_path / "albert_config.json").read_text()) == written
        assert AlbertConfig.read(tmp_path / "albert_config.json") == config


def test_the_released_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "albert_config.json"
    path.write_text(
        '{"hidden_act": "gelu", "net_structure_type": 0, "gap_size": 0, "num_memory_blocks": 0,'
        ' "down_scale_factor": 1, "hidden_size": 1024, "num_attention_heads": 16,'
        ' "vocab_size": 30000, "embedding_size": 128, "num_hidden_layers": 24,'
        ' "intermediate_size": 4096}'
    )
    assert AlbertConfig.read(path).hidden_size == 1024


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"hiden_size": 12}', "unknown keys .'hiden_size'"),
        ('{"gap_size": 3}', "sets gap_size, which must be 0"),
        ("[]", "must hold a JSON object; got list"),
        ('{"hidden_size": 12', "is not JSON"),
        ('{"hidden_size": 12, "vocab_size": 9}', "lacks embedding_size, num_hidden_layers, num_at"),
    ],
)
def test_a_wrong_file_is_named_in_the_error(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "albert_config.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=words):
        AlbertConfig.read(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_size": 10}, "hidden_size must be a multiple of num_attention_heads; got 10 and"),
        ({"num_hidden_groups": 5}, "num_hidden_layers must be a multiple of num_hidden_groups"),
        ({"vocab_size": 0}, "vocab_size must be a whole number of at least 1; got 0"),
        ({"hidden_dropout_prob": 1.0}, "hidden_dropout_prob must be at least 0 and below 1"),
        ({"initializer_range": 0.0}, "initializer_range must be a number above 0"),
        (
            {"initializer_range": float("nan")},
            "initializer_range must be a number above",
        ),
        ({"hidden_act": "swish"}, "hidden_act must be one of gelu, gelu_erf, relu; got 'swish'"),
        (
            {"parameter_sharing": "some"},
            "parameter_sharing must be one of all, attention, ffn, none",
        ),
        (
            {"parameter_sharing": "none", "num_hidden_groups": 2},
            "num_hidden_groups must be 1 where",
        ),
        ({"hidden_size": "768"}, "hidden_size must be a number; got '768'"),
    ],
)
def test_an_impossible_config_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AlbertConfig(**changes)


def test_an_unknown_size_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown size 'albert_huge'; choose one of albert_base"):
        AlbertConfig.named("albert_huge")
