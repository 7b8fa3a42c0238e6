"""Impossible settings are refused before anything is computed."""

import pytest

from albert_tf.training.options import FinetuningOptions
from albert_tf.training.pretrain import PretrainingOptions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"steps": -3}, "steps must be at least 1; got -3"),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0; got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0; got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0; got nan"),
    ],
)
def test_impossible_settings_are_named(changes: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PretrainingOptions(**changes)  # type: ignore[arg-type]


def test_zero_is_a_seed_and_a_warmup() -> None:
    assert PretrainingOptions(seed=0, warmup_steps=0).warmup_steps == 0
    assert FinetuningOptions(epochs=1).batch_size == 32


def test_a_rate_may_be_a_whole_number() -> None:
    assert FinetuningOptions(dropout=0, head_dropout=0, warmup_share=0, layer_decay=1).dropout == 0


def test_an_unknown_optimizer_is_named() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'adam'; choose one of adamw, lamb"):
        PretrainingOptions(optimizer="adam").peak_rate  # noqa: B018
