"""How long an exported model takes to answer.

runtime  ->  [benchmark.median_latency_ms]  ->  reports
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from albert_tf.tasks.task import TaskModel


def median_latency_ms(model: TaskModel, examples: Sequence[Any]) -> float:
    """Returns the median time of one answer, tokenization included, in milliseconds.

    Args:
        model: As `runtime.load` opens it.
        examples: At least one; each is answered once, after one unmeasured answer.
    """
    model.predict(examples[0])
    times = []
    for example in examples:
        began = time.perf_counter()
        model.predict(example)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)
