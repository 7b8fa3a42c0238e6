"""Times a training step of albert_base beside KerasHub's and Hugging Face's, in one run.

    python benchmarks/train_step.py [--rounds 5] [--json FILE]

Every contestant is a process of its own, which builds the same model (masked language modeling,
AdamW, float32, no padding) and takes two steps to warm up. Then, round after round, one step of
it, one of albert_tf as `fit` is called by default, and a product of matrices follow each other, so
that a disturbance of the machine meets all three. The table shows the median of the seconds per
step, the median ratio to albert_tf within a round (above 1 is slower), and the share of the matmul
peak that the work of the contestant amounts to.

Every contestant computes logits at the same places, the masked ones, but for "KerasHub fit, its
masks", which is KerasHub with the masks its own preprocessor makes: 96 places in every sequence;
and for those of Hugging Face, whose models compute them at every place, 4 % more of the work.

How to read it: seconds are this machine's; compare only the ratios. The peers of Hugging Face run
in an environment that this script makes beside it (about 4 GB, once).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from peers import peers_python
from tqdm import tqdm
from train_step_contestants import (
    EMBEDDING,
    HIDDEN,
    LAYERS,
    OWN,
    PEAK,
    VOCABULARY,
    WIDE,
    contestants,
    masked_places,
)

CONTESTANTS = Path(__file__).with_name("train_step_contestants.py")
REQUIREMENTS = [
    "transformers==4.57.1",
    "tensorflow-cpu==2.21.0",
    "tf-keras==2.21.0",
    "torch==2.13.0",
]
# Seconds of a contestant, of albert_tf and of the matrix products, one after the other.
Round = tuple[float, float, float]


def work(name: str, length: int, batch: int) -> float:
    """Floating-point operations of the matrix products of one step, forward and backward."""
    if name == PEAK:
        return 8 * 2.0 * 2048 * HIDDEN * WIDE
    tokens = batch * length
    places = batch * masked_places(length, name)
    layer = 2 * (4 * HIDDEN**2 + 2 * HIDDEN * WIDE + 2 * length * HIDDEN)  # per token
    encoder = LAYERS * layer * tokens
    if name.startswith("albert_tf"):
        # The last layer: keys and values everywhere, the rest where the head reads and at [CLS].
        spared = layer - 2 * 2 * HIDDEN**2
        encoder -= spared * (tokens - places - batch)
    read = tokens if name.startswith("transformers") else places
    head = 2 * (HIDDEN * EMBEDDING + EMBEDDING * VOCABULARY) * read
    return 3.0 * (encoder + 2 * EMBEDDING * HIDDEN * tokens + head)


class Contestant:
    """A process that takes one step when told to and says how long it took."""

    def __init__(self, name: str, length: int, batch: int) -> None:
        self._name = name
        foreign = name.startswith("transformers")
        python = peers_python("training", REQUIREMENTS) if foreign else sys.executable
        command = [python, CONTESTANTS, name, str(length), str(batch)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} did not start; run: {' '.join(map(str, command))}")

    def step(self) -> float:
        """Seconds of one step."""
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._name} ended within a step; run {CONTESTANTS.name} by hand.")
        return float(line)

    def stop(self) -> None:
        """Gives its memory back."""
        self._process.stdin.close()
        self._process.wait()


def race(length: int, batch: int, rounds: int, names: list[str]) -> dict[str, list[Round]]:
    """Steps of every contestant, each beside a step of albert_tf's and a product of matrices."""
    own, peak = (Contestant(name, length, batch) for name in (OWN, PEAK))
    times: dict[str, list[Round]] = {}
    for name in tqdm(names, desc=f"T={length}", unit="contestant"):
        other = Contestant(name, length, batch)
        times[name] = [(other.step(), own.step(), peak.step()) for _ in range(rounds)]
        other.stop()
    own.stop()
    peak.stop()
    return times


def report(length: int, batch: int, times: dict[str, list[Round]]) -> dict[str, Any]:
    """Prints the table of one shape and returns it with every measurement."""
    everything = [entry for rounds in times.values() for entry in rounds]
    products = statistics.median(entry[2] for entry in everything)
    peak = work(PEAK, length, batch) / products
    times = {OWN: [(own, own, product) for _, own, product in everything], **times}
    print(f"\nT={length}, B={batch}; matmul peak {peak / 1e9:.0f} GFLOP/s")
    print(f"{'':30} s/step   ratio   of peak")
    rows = {}
    for name, rounds in times.items():
        seconds = statistics.median(entry[0] for entry in rounds)
        ratio = statistics.median(theirs / own for theirs, own, _ in rounds)
        share = work(name, length, batch) / seconds / peak
        print(f"{name:30} {seconds:6.2f}  {ratio:6.2f}  {share:7.0%}")
        rows[name] = {"seconds": seconds, "ratio": ratio, "share_of_peak": share}
    return {"peak": peak, "rows": rows, "rounds": times}


def main() -> None:
    """Runs the race of every shape asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="receives every measurement")
    peers = [name for name in contestants() if name not in {OWN, PEAK}]
    parser.add_argument("--only", nargs="+", choices=peers, default=peers, help="race fewer")
    parser.add_argument(
        "--shapes", nargs="+", default=["128x16", "512x4"], metavar="TxB", type=shape,
        help="tokens and sequences of a batch (default 128x16 512x4)",
    )  # fmt: skip
    arguments = parser.parse_args()
    results = {}
    for asked in arguments.shapes:
        length, batch = map(int, asked.split("x"))
        times = race(length, batch, arguments.rounds, arguments.only)
        results[asked] = report(length, batch, times)
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def shape(text: str) -> str:
    """Tokens and sequences as they are asked for."""
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"must be tokens and sequences, as 128x16; got {text}")
    return text


if __name__ == "__main__":
    main()
