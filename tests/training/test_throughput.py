"""Work is counted from the sizes alone, and a peak is a rate this machine can reach."""

from itertools import count

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.training import throughput
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
def test_the_peak_is_a_rate_of_this_machine() -> None:
    assert 1e8 < matmul_peak() < 1e16  # the slowest processor of this century, and no device yet


def test_the_peak_of_two_devices_is_twice_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "_SIZE", 8)
    monkeypatch.setattr(throughput.time, "perf_counter", count().__next__)  # a second per call
    one, two = matmul_peak.__wrapped__(), matmul_peak.__wrapped__(devices=2)
    assert (one, two) == (4 * 2 * 8**3, 2 * 4 * 2 * 8**3)
