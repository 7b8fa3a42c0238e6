"""How long an exported model takes to answer.

runtime  ->  [benchmark.median_latency_ms, benchmark.latencies_ms]  ->  reports

Shape letters: B inputs of one call, T tokens, M gaps.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import TaskModel

_LENGTHS = (24, 128)
_CALLS = 9
_SECONDS = 5.0  # after which no other call is begun


def median_latency_ms(model: TaskModel, examples: Sequence[Any]) -> float:
    """Returns the median time of one answer, tokenization included, in milliseconds.

    Args:
        model: As `runtime.load` opens it.
        examples: At least one; each is answered once, as far as time allows, after one
            unmeasured answer.
    """
    return _median_ms([partial(model.predict, example) for example in examples])


def latencies_ms(engine: Engine, longest: int) -> dict[int, float]:
    """Returns the median time of one call of a file, by the length T of its inputs.

    A call answers as many inputs as the file takes at once, and one gap where it fills gaps.

    Args:
        engine: Of the file.
        longest: Tokens of the longest input. Of a file of fixed length, every call takes as
            long; only this one is timed.
    """
    shapes = {name: tensor.shape for name, tensor in engine.inputs.items()}
    fixed = shapes["token_ids"][1]
    lengths = [fixed] if fixed else sorted({*(n for n in _LENGTHS if n < longest), longest})
    times = {}
    for length in lengths:
        free = dict.fromkeys(shapes, length) | {"mask_positions": 1}
        sizes = {name: (shape[0] or 1, shape[1] or free[name]) for name, shape in shapes.items()}
        # A model may know no second segment.
        inputs = {n: np.full(size, n != "segment_ids", np.int32) for n, size in sizes.items()}
        times[length] = _median_ms([partial(engine.run, inputs)] * _CALLS)
    return times


def _median_ms(calls: Sequence[Callable[[], Any]]) -> float:
    """Of calls that follow one that is not counted."""
    calls[0]()
    times: list[float] = []
    for call in calls:
        if sum(times) > _SECONDS:
            break
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)
