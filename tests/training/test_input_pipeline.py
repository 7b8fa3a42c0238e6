"""Every epoch takes every example once, in a new order that one seed repeats."""

import numpy as np

from albert_tf.training.input_pipeline import EpochOrder, stream

LENGTHS = np.random.default_rng(0).integers(5, 60, 103).tolist()


def epoch(order: EpochOrder, number: int) -> list[int]:
    steps = range(number * order.steps_per_epoch, (number + 1) * order.steps_per_epoch)
    return [index for step in steps for index in order(step).tolist()]


def test_an_epoch_takes_every_example_once() -> None:
    order = EpochOrder(LENGTHS, 8, seed=0)
    assert order.steps_per_epoch == 13
    first, second = epoch(order, 0), epoch(order, 1)
    assert sorted(first) == sorted(second) == list(range(103))
    assert first != second


def test_any_step_can_be_made_again_alone() -> None:
    order, again = EpochOrder(LENGTHS, 8, seed=3), EpochOrder(LENGTHS, 8, seed=3)
    wanted = [order(step).tolist() for step in range(40)]
    assert again(29).tolist() == wanted[29]
    assert EpochOrder(LENGTHS, 8, seed=4)(29).tolist() != wanted[29]


def test_batches_hold_similar_lengths() -> None:
    order = EpochOrder(LENGTHS, 8, seed=0)
    spread = [np.ptp(np.asarray(LENGTHS)[order(step)]) for step in range(13)]
    assert np.mean(spread) < np.ptp(LENGTHS) / 4


def test_the_stream_holds_exactly_the_steps_asked_for() -> None:
    def make_batch(step: int) -> tuple[dict[str, np.ndarray], ...]:
        return tuple({"step": np.array([[step]], np.int32)} for _ in range(3))  # type: ignore[return-value]

    batches = list(stream(make_batch, 4, 9))  # type: ignore[arg-type]
    assert [int(inputs["step"][0, 0]) for inputs, _, _ in batches] == [4, 5, 6, 7, 8]
