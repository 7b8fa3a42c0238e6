"""Counts equal the built models, the released ones, and the paper's tables."""

from dataclasses import replace

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.sizes import count_parameters, flops_per_token, measure
from tests.conftest import TINY

BASE = AlbertConfig.named("albert_base")


@pytest.mark.parametrize("sharing", ["all", "attention", "ffn", "none"])
@pytest.mark.parametrize("embedding_size", [11, 26])
@pytest.mark.parametrize("inner", [1, 2])
def test_the_count_is_that_of_the_built_model(
    sharing: str, embedding_size: int, inner: int
) -> None:
    config = replace(
        TINY, parameter_sharing=sharing, embedding_size=embedding_size, inner_group_num=inner
    )
    assert count_parameters(config) == AlbertBackbone(config).count_params()


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("albert_base", 11_683_584),
        ("albert_large", 17_683_968),
        ("albert_xlarge", 58_724_864),
        ("albert_xxlarge", 222_595_584),
    ],
)
def test_released_sizes_have_the_published_count(size: str, count: int) -> None:
    assert count_parameters(AlbertConfig.named(size)) == count


def test_bert_has_the_published_counts() -> None:
    base, large = AlbertConfig.named("bert_base"), AlbertConfig.named("bert_large")
    # The 110M of BERT's paper count the masked-LM head; ALBERT's 334M leave the pooler out.
    head = 768 * 768 + 768 + 2 * 768 + base.vocab_size
    assert round((count_parameters(base) + head) / 1e6) == 110
    assert round(count_parameters(large, pooler=False) / 1e6) == 334


@pytest.mark.parametrize(
    ("sharing", "embedding_size", "millions"),
    [
        ("all", 64, 10), ("all", 128, 12), ("all", 256, 16), ("all", 768, 31),
        ("attention", 128, 64), ("attention", 768, 83),
        ("ffn", 128, 38), ("ffn", 768, 57),
        ("none", 64, 87), ("none", 128, 89), ("none", 256, 93), ("none", 768, 108),
    ],
)  # fmt: skip
def test_counts_equal_tables_3_and_4(sharing: str, embedding_size: int, millions: int) -> None:
    config = replace(BASE, parameter_sharing=sharing, embedding_size=embedding_size)
    # The tables count the pooler where something is shared and leave it out where nothing is:
    # no one rule gives both 12M for "all" and 108M for "none".
    count = count_parameters(config, pooler=sharing != "none")
    assert round(count / 1e6) == millions


def test_sharing_spares_parameters_and_no_work() -> None:
    shared, unshared = BASE, replace(BASE, parameter_sharing="none")
    assert count_parameters(unshared) > 7 * count_parameters(shared)
    assert flops_per_token(unshared, 128) == flops_per_token(shared, 128)


def test_flops_are_those_of_the_matrix_products() -> None:
    h, f, t = 26, 37, 17
    layer = [(h, h)] * 4 + [(h, f), (f, h)] + [(h, t), (t, h)]
    expected = 2 * (11 * 26 + 3 * sum(rows * columns for rows, columns in layer))
    assert flops_per_token(TINY, t) == expected


def test_bert_base_is_the_yardstick() -> None:
    size = measure("bert", AlbertConfig.named("bert_base"))
    assert (size.parameters_vs_bert, size.flops_vs_bert) == (1.0, 1.0)
    assert size.memory_mb == pytest.approx(437.9, abs=0.1)
