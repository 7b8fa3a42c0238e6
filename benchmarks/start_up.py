"""Times an exported classifier from nothing to its first answer, as a program that starts sees it.

    python benchmarks/start_up.py runs/on_device/albert_tf-int8

Every start is a process of its own. What is timed is the import of `albert_tf.runtime` with all it
needs, loading the folder and the first answer; the start of Python itself is shown beside it.

How to read it: medians; the first start, which may read the disk, is not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tqdm import tqdm

# The clock starts with the first line that a program of the user would have.
PROGRAM = """
import time
times = [time.perf_counter()]
import json, sys
from albert_tf import runtime
times.append(time.perf_counter())
model = runtime.load(sys.argv[1])
times.append(time.perf_counter())
model.classify([sys.argv[2]])
times.append(time.perf_counter())
print(json.dumps([after - before for before, after in zip(times, times[1:])]))
"""


def start(folder: Path, text: str) -> dict[str, float]:
    """Seconds of each part of one start."""
    began = time.perf_counter()
    command = [sys.executable, "-c", PROGRAM, folder, text]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - began
    if found.returncode:
        raise SystemExit(found.stderr)
    parts = json.loads(found.stdout)
    return {
        **dict(zip(("import", "load", "first answer"), parts, strict=True)),
        "together": sum(parts),
        "with Python itself": whole,
    }


def main() -> None:
    """Prints the median of every part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path, help="folder that albert-tf export wrote")
    parser.add_argument("--text", default="Who found the lamp at the lake?", help="to classify")
    parser.add_argument("--starts", type=int, default=10, help="(default 10)")
    asked = parser.parse_args()
    starts = [start(asked.export, asked.text) for _ in tqdm(range(1 + asked.starts), unit="start")]
    for part in starts[0]:
        print(f"{part:20}{statistics.median(found[part] for found in starts[1:]):7.3f} s")


if __name__ == "__main__":
    main()
