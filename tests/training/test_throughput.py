"""Work is counted from the sizes alone, and a peak is a rate this machine can reach."""

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.training.throughput import matmul_peak, pretraining_work


def test_the_work_of_a_step_is_that_of_its_products() -> None:
    config = AlbertConfig(
        vocab_size=101, embedding_size=11, hidden_size=26, num_hidden_layers=3,
        num_attention_heads=2, intermediate_size=37, max_position_embeddings=64,
    )  # fmt: skip
    work = pretraining_work(config, batch_size=5, sequence_length=17, masks=3, peak=7.0)
    layer = 4 * 26 * 26 + 2 * 26 * 37 + 2 * 17 * 26  # products of a token in a layer
    head = 3 * (26 * 11 + 11 * 101)
    forward = 2 * (17 * (11 * 26 + 3 * layer) + head)
    assert work.flops == 3 * 5 * forward
    assert (work.tokens, work.peak) == (5 * 17, 7.0)


@pytest.mark.slow
def test_the_peak_of_two_devices_is_twice_that_of_one() -> None:
    one, two = matmul_peak(), matmul_peak(devices=2)
    assert one > 1e8  # the slowest processor of this century
    assert 0.2 < two / one / 2 < 5  # measured twice, on a machine that does other things
