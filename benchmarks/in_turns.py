"""Compares the latency of files that answer in turns, in one process.

    python benchmarks/in_turns.py runs/on_device/albert_tf-float{-unrolled,}/model.tflite

How to read it: medians of milliseconds, and of the ratio to the first file in the same turn. A
machine that others use too is faster in one minute than in the next, but hardly within a turn, so
these ratios say more than those of `on_device.py`. But every file finds the caches full of the
weights of another, so one that is small enough to stay in them loses that advantage here.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from on_device_contestants import full, litert
from tqdm import tqdm

WARM_UP = 3
LENGTHS = (24, 128, 384)


def takes(answer: Callable[[Any], Any], length: int) -> bool:
    """Whether a file answers inputs of a length."""
    try:
        answer(full(length))
    except (ValueError, RuntimeError):
        return False
    return True


def main() -> None:
    """Lets the files take turns, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="LiteRT files of classifiers")
    parser.add_argument("--turns", type=int, default=40, help="of every file (default 40)")
    asked = parser.parse_args()
    load = litert()
    answerers = [load(str(path)) for path in asked.files]
    lengths = [length for length in LENGTHS if all(takes(answer, length) for answer in answerers)]
    print(f"{'':44}" + "".join(f"{f'T={length}':>8}   ratio" for length in lengths))
    columns = []
    for length in lengths:
        inputs, times = full(length), []
        for _ in tqdm(range(WARM_UP + asked.turns), f"T={length}", leave=False):
            clock = [time.perf_counter()]
            for answer in answerers:
                answer(inputs)
                clock.append(time.perf_counter())
            times.append(1000 * np.diff(clock))
        taken = np.array(times[WARM_UP:])  # [turns, files]
        columns.append((np.median(taken, 0), np.median(taken / taken[:, :1], 0)))
    for place, path in enumerate(asked.files):
        name = f"{path.parent.name}/{path.name}"
        cells = [f"{taken[place]:8.2f}{ratio[place]:8.2f}" for taken, ratio in columns]
        print(f"{name:44}" + "".join(cells))


if __name__ == "__main__":
    main()
