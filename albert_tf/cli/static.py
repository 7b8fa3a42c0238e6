"""`albert-tf examples --static`: shards to TFRecords of the official layout.

arguments, commands.make_examples  ->  [static]  ->  training.static_records
"""

from __future__ import annotations

import argparse
from typing import Any

from tqdm import tqdm

from albert_tf.cli.options import add_count
from albert_tf.cli.output import print_table
from albert_tf.examples.sentence_pairs import OBJECTIVES

_BATCH = 256  # examples made together; what they are does not depend on it


def add_static(step: Any) -> None:
    """What TFRecords are told in advance and shards are not."""
    group = step.add_argument_group("with --static")
    group.add_argument(
        "--objective", choices=OBJECTIVES, default="sop",
        help="what is asked of two segments (default sop)",
    )  # fmt: skip
    add_count(group, "--sequence-length", "longest input, in tokens (default 512)", default=512)
    add_count(group, "--copies", "of the corpus, masked anew in each (default 10)", default=10)
    add_count(group, "--files", "to write (default: one for each 20,000 examples)")
    group.add_argument("--gzip", action="store_true", help="compress the files")
    add_count(group, "--seed", "of masks and pairs (default 0)", least=0, default=0)


def write_static(arguments: argparse.Namespace) -> None:
    """Turns shards into TFRecords."""
    from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
    from albert_tf.examples.shards import TokenShards
    from albert_tf.training.static_records import write_static_examples

    shards = TokenShards(arguments.static)
    tokenizer = shards.tokenizer
    batches = PretrainingBatches(
        shards,
        PretrainingShape(arguments.sequence_length, tokenizer.vocab_size, tokenizer.special),
        objective=arguments.objective,
        batch_size=_BATCH,
        seed=arguments.seed,
    )
    total = arguments.copies * batches.examples_per_epoch
    with tqdm(desc="writing", total=total, unit="example") as bar:
        manifest = write_static_examples(
            batches,
            arguments.out,
            copies=arguments.copies,
            files=arguments.files,
            compress=arguments.gzip,
            progress=bar.update,
        )
    size = sum((arguments.out / name).stat().st_size for name in manifest.files)
    print_table({"examples": total, "files": len(manifest.files), "bytes": size})
