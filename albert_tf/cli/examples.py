"""The step from a corpus to examples: its options, and what it does.

arguments  ->  [examples]  ->  examples.corpus, examples.beam, training.static_records
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from albert_tf.cli.options import add_count, add_path, add_step, given_options, spelled
from albert_tf.cli.output import print_table
from albert_tf.examples.documents import FORMATS
from albert_tf.examples.sentence_pairs import OBJECTIVES
from albert_tf.examples.sentences import MODES

if TYPE_CHECKING:
    from albert_tf.examples.statistics import CorpusStatistics

_WRITTEN_TOGETHER = 256  # examples, which do not depend on it


@dataclass(frozen=True)
class _Static:
    """What is chosen for static examples."""

    sequence_length: int = 512
    objective: str = "sop"
    copies: int = 10
    gzip: bool = False
    seed: int = 0


def add_examples(steps: Any) -> None:
    """The subcommand and its options."""
    step = add_step(
        steps, "examples", make_examples,
        "Turn a corpus into token shards, on all cores. Repeat the command after a stop, and it "
        "goes on. Bytes that are not UTF-8 are replaced and counted.",
        "albert-tf examples --corpus 'corpus/*.txt.gz' --vocab runs/vocab --out runs/examples",
    )  # fmt: skip
    step.add_argument(
        "--corpus", metavar="GLOB", nargs="+", required=True,
        help="UTF-8 text files, plain, .gz, .xz or .zst; names may hold *, ? and **",
    )  # fmt: skip
    add_path(step, "--vocab", "FOLDER", "of a vocabulary", required=True)
    step.add_argument("--out", metavar="FOLDER", required=True, help="for the shards")
    step.add_argument(
        "--format", choices=FORMATS,
        help="text: a blank line ends a document; lines: a document per line; jsonl: an object "
        "per line (default: jsonl for names with .jsonl, else text)",
    )  # fmt: skip
    step.add_argument("--field", metavar="NAME", help="of a jsonl object's text (default text)")
    step.add_argument(
        "--sentences", choices=MODES,
        help="split every line into sentences, or take lines as they are (default split)",
    )  # fmt: skip
    step.add_argument("--language", metavar="CODE", help="whose rules split (default en)")
    add_count(step, "--workers", "processes that encode (default: one per core)")
    beam = step.add_argument_group(
        "Apache Beam",
        "--corpus and --out may then lie in an object store, such as gs://bucket/folder.",
    )
    beam.add_argument(
        "--runner", metavar="NAME",
        help="work on Beam instead: DirectRunner, FlinkRunner, SparkRunner, DataflowRunner, ...",
    )  # fmt: skip
    beam.add_argument(
        "beam_flags", nargs="*", metavar="FLAG", help="of Beam and its runner, after --"
    )
    static = step.add_argument_group(
        "static examples",
        "TFRecords as the official code reads and writes them, with everything chosen. The token "
        "shards they are made of stay in the folder shards. A --corpus of .tfrecord files, made "
        "by other code, is described where it lies, so that pretrain can read it.",
    )
    static.add_argument("--static", action="store_true", help="write TFRecords")
    add_count(static, "--sequence-length", "tokens of an example (default 512)")
    static.add_argument("--objective", choices=OBJECTIVES, help="as in pretrain (default sop)")
    add_count(static, "--copies", "times the corpus is gone through (default 10)")
    static.add_argument("--gzip", action="store_true", default=None, help="compress the files")
    add_count(static, "--seed", "seed of everything random (default 0)", least=0)


def make_examples(arguments: argparse.Namespace) -> None:
    """Turns a corpus into token shards, and those into static examples if asked."""
    _check(arguments)
    if arguments.static and all(".tfrecord" in pattern for pattern in arguments.corpus):
        _adopt_static_examples(arguments)
        return
    if arguments.static:
        from albert_tf.training.static_records import refuse_records

        refuse_records(Path(arguments.out))
    folder = f"{arguments.out}/shards" if arguments.static else arguments.out
    statistics = _write_shards(arguments, folder)
    print_table({name.replace("_", " "): value for name, value in asdict(statistics).items()})
    if arguments.static:
        _write_static_examples(arguments, Path(folder))


def _check(arguments: argparse.Namespace) -> None:
    """Refuses options that do not go together."""
    if not arguments.runner and arguments.beam_flags:
        raise ValueError(f"{arguments.beam_flags[0]} is for Beam; name its --runner as well.")
    if arguments.runner and arguments.workers:
        raise ValueError(
            "--workers is not for Beam; give its own flag after --, such as --direct_num_workers=2."
        )
    if "://" in arguments.out and (arguments.static or not arguments.runner):
        reason = "static examples" if arguments.static else "examples made without --runner"
        raise ValueError(f"--out must be a folder of this machine for {reason}.")
    chosen = spelled(arguments, [field.name for field in fields(_Static)])
    if chosen and not arguments.static:
        raise ValueError(f"{chosen[0]} is for --static; token shards leave that to training.")


def _write_shards(arguments: argparse.Namespace, folder: str) -> CorpusStatistics:
    from albert_tf.examples.corpus import CorpusOptions, write_shards
    from albert_tf.examples.text_files import find_files

    options = given_options(CorpusOptions(), arguments)
    if arguments.runner:
        from albert_tf.examples.beam import write_shards_with_beam

        flags = [f"--runner={arguments.runner}", *arguments.beam_flags]
        return write_shards_with_beam(
            arguments.corpus, arguments.vocab, folder, options, pipeline_options=flags,
            again=arguments.static,
        )  # fmt: skip
    return write_shards(
        find_files(arguments.corpus), arguments.vocab, folder, options,
        workers=arguments.workers, progress=True, again=arguments.static,
    )  # fmt: skip


def _write_static_examples(arguments: argparse.Namespace, folder: Path) -> None:
    from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
    from albert_tf.examples.shards import TokenShards
    from albert_tf.training.static_records import write_static_examples

    shards, chosen = TokenShards(folder), given_options(_Static(), arguments)
    batches = PretrainingBatches(
        shards,
        PretrainingShape.of(shards.tokenizer, chosen.sequence_length),
        objective=chosen.objective,
        batch_size=_WRITTEN_TOGETHER,
        seed=chosen.seed,
    )
    total = chosen.copies * batches.examples_per_epoch
    with tqdm(desc="writing", total=total, unit="example") as bar:
        write_static_examples(
            batches, Path(arguments.out), copies=chosen.copies, compress=chosen.gzip,
            progress=bar.update,
        )  # fmt: skip


def _adopt_static_examples(arguments: argparse.Namespace) -> None:
    from albert_tf.examples.corpus import CorpusOptions
    from albert_tf.examples.text_files import find_files
    from albert_tf.text.tokenizer import load_tokenizer
    from albert_tf.training.static_records import adopt_static_examples

    settings = {field.name for kind in (_Static, CorpusOptions) for field in fields(kind)}
    made = spelled(arguments, sorted((settings - {"objective"}) | {"workers", "runner"}))
    if made:
        raise ValueError(f"{made[0]} is for records that are still to be made; leave it out.")
    files = find_files(arguments.corpus)
    folder = Path(arguments.out)
    if {file.parent.resolve() for file in files} != {folder.resolve()}:
        raise ValueError(f"--out must be the folder that holds the records; got {folder}.")
    manifest = adopt_static_examples(
        folder,
        [file.name for file in files],
        load_tokenizer(arguments.vocab),
        given_options(_Static(), arguments).objective,
    )
    print_table({
        "examples": sum(manifest.files.values()),
        "sequence length": manifest.sequence_length,
        "masked places": manifest.max_masks,
    })
