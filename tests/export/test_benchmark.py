"""A time is the median of several calls, of fewer where they are slow."""

from functools import partial

import pytest

from albert_tf.export import benchmark


def calls(wanted: int) -> int:
    made: list[int] = []
    assert benchmark._median_ms([partial(made.append, 0)] * wanted) >= 0
    return len(made)


def test_slow_calls_end_after_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert calls(9) == 1 + 9  # the first is not counted
    monkeypatch.setattr(benchmark, "_SECONDS", 0.0)
    assert calls(9) == 1 + 1
