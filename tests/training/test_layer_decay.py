"""Layers further from the head learn at lower rates; a layer that is shared is one."""

from dataclasses import replace

import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.training.layer_decay import rate_shares
from albert_tf.training.options import FinetuningOptions
from tests.conftest import TINY


def shares(**changes: object) -> dict[str, float]:
    """By part of the model, with a decay of a half."""
    backbone = AlbertBackbone(replace(TINY, num_hidden_layers=4, **changes))  # type: ignore[arg-type]
    model = AlbertTextClassifier(backbone, 2, compile=False)
    found = rate_shares(backbone, 0.5)
    parts: dict[str, set[float]] = {}
    for variable in model.trainable_variables:
        names = variable.path.split("/")
        part = next(
            (name for name in names if name[-1].isdigit() and "_" in name and "albert" not in name),
            next((name for name in ("embedding", "pooler", "logits") if name in names), names[0]),
        )
        parts.setdefault(part, set()).add(found.get(variable.path, 1.0))
    assert all(len(values) == 1 for values in parts.values()), parts
    return {part: values.pop() for part, values in parts.items()}


def test_a_shared_layer_makes_two_steps_down_to_the_embeddings() -> None:
    assert shares() == {
        "embedding": 0.25, "attention_0_0": 0.5, "feed_forward_0_0": 0.5, "pooler": 1.0,
        "logits": 1.0,
    }  # fmt: skip


def test_layers_of_their_own_have_rates_of_their_own() -> None:
    found = shares(parameter_sharing="none")
    for layer, share in enumerate((1 / 16, 1 / 8, 1 / 4, 1 / 2)):
        assert found[f"attention_{layer}_0"] == found[f"feed_forward_{layer}_0"] == share
    assert found["embedding"] == 1 / 32
    assert found["pooler"] == found["logits"] == 1.0


def test_a_shared_half_goes_with_the_last_layer_that_uses_it() -> None:
    found = shares(parameter_sharing="attention")
    assert found["attention_0_0"] == found["feed_forward_3_0"] == 1 / 2
    assert found["feed_forward_0_0"] == 1 / 16
    assert found["embedding"] == 1 / 32


def test_the_layers_inside_a_group_are_counted() -> None:
    found = shares(num_hidden_groups=2, inner_group_num=2)
    assert [found[f"attention_{group}_{inner}"] for group in (0, 1) for inner in (0, 1)] == [
        1 / 16, 1 / 8, 1 / 4, 1 / 2,
    ]  # fmt: skip
    assert found["embedding"] == 1 / 32


def test_no_decay_is_a_share_of_one() -> None:
    backbone = AlbertBackbone(TINY)
    assert set(rate_shares(backbone, 1.0).values()) == {1.0}
    assert len(rate_shares(backbone, 1.0)) == len(backbone.trainable_variables) - 2  # the pooler


@pytest.mark.parametrize("decay", [0.0, 1.5])
def test_impossible_decays_are_refused(decay: float) -> None:
    with pytest.raises(ValueError, match=f"layer_decay must be above 0 and at most 1; got {decay}"):
        FinetuningOptions(layer_decay=decay)
