"""Times how fast pretraining batches are made from token shards, and read from static examples.

    python benchmarks/batches.py SHARDS [--copies 1] [--seconds 5]

SHARDS is a folder of `albert-tf examples`. Each source is timed alone, on one core; the table
shows examples and tokens per second of CPU time, so that a busy machine changes little, and the
size on disk. How to read it: rates are this machine's; a step that takes B examples in t seconds
is fed by one core as long as B / t is below the rate. Static examples have the masks of
`--copies` epochs; more copies take as many times the bytes. They are timed over one epoch, since a
file is read at once and then used up.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

LENGTHS = {128: 256, 512: 64}  # batch size of each sequence length


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    batches: Any
    size: int  # bytes on disk
    tokens: int  # of the corpus


def rate(batches: Any, seconds: float, *, one_epoch: bool) -> tuple[float, float]:
    """Examples and real tokens per second of CPU time."""
    began, examples, tokens, step = time.process_time(), 0, 0, 0
    while (
        examples < batches.examples_per_epoch
        if one_epoch
        else (time.process_time() - began < seconds)
    ):
        made = batches(step)
        examples += len(made["token_ids"])
        tokens += int(made["padding_mask"].sum())
        step += 1
    spent = time.process_time() - began
    return examples / spent, tokens / spent


def on_one_core() -> None:
    """Keeps this process, and the threads TensorFlow will start, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def sources(folder: Path, length: int, copies: int, scratch: Path) -> list[Row]:
    """What gives batches of one length, with masks made on the fly and stored."""
    from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
    from albert_tf.examples.shards import TokenShards
    from albert_tf.training.static_examples import StaticExamples, StaticFolder
    from albert_tf.training.static_records import write_static_examples

    shards = TokenShards(folder)
    tokens = sum(shard.counts["tokens"] for shard in shards.shards)
    shape = PretrainingShape.of(shards.tokenizer, length)
    size = LENGTHS[length]
    rows = [
        Row(
            f"shards, {objective}",
            PretrainingBatches(shards, shape, objective=objective, batch_size=size, seed=0),
            sum(path.stat().st_size for path in folder.glob("*.npy")),
            tokens,
        )
        for objective in ("sop", "nsp", "none")
    ]
    for compress in (False, True):
        stored = scratch / f"{length}-{compress}"
        write_static_examples(rows[0].batches, stored, copies=copies, compress=compress)
        rows.append(Row(
            f"static x {copies}" + (", GZIP" if compress else ""),
            StaticExamples(StaticFolder(stored), batch_size=size, seed=0),
            sum(path.stat().st_size for path in stored.glob("*.tfrecord*")),
            tokens,
        ))  # fmt: skip
    return rows


def main() -> None:
    """Takes the times and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shards", type=Path, help="a folder of albert-tf examples")
    parser.add_argument("--copies", type=int, default=1, help="of static examples (default 1)")
    parser.add_argument("--seconds", type=float, default=5, help="of shards (default 5)")
    arguments = parser.parse_args()
    on_one_core()
    print(f"{'':5} {'':18} examples/s  M tokens/s  bytes/token")
    for length in LENGTHS:
        with tempfile.TemporaryDirectory() as scratch:
            for row in sources(arguments.shards, length, arguments.copies, Path(scratch)):
                examples, tokens = rate(
                    row.batches, arguments.seconds, one_epoch=row.name.startswith("static")
                )
                print(
                    f"{length:5} {row.name:18} {examples:10,.0f} {tokens / 1e6:11.2f} "
                    f"{row.size / row.tokens:12.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
