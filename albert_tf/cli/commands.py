"""What each subcommand does: call one step of the road and print its result.

arguments  ->  [commands]  ->  every step

Each command imports what it needs when it runs, so that --help and the commands that
use LiteRT alone never load TensorFlow.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from itertools import chain

from tqdm import tqdm

from albert_tf.cli.options import given_options, spelled
from albert_tf.cli.output import print_rows, print_table, write_json
from albert_tf.cli.tasks import new_task
from albert_tf.export.recipes import DEFAULT_RECIPE
from albert_tf.training.recipe import read_recipe

_OF_LITERT = (
    "recipe", "calibration", "head", "encoder", "sequence_length", "batch", "validation",
    "validation_limit", "accept_drop", "android",
)  # fmt: skip


def demo(arguments: argparse.Namespace) -> None:
    """Runs the whole road on a made-up world."""
    from albert_tf.demo.road import travel

    journey = travel(arguments.out, seed=arguments.seed)
    print(f"\n{journey.answers[0][0].context}\n")
    width = max(len(example.question) for example, _ in journey.answers)
    for example, answer in journey.answers:
        print(f"  {example.question:<{width}}  {answer}")
    print()
    print_table(journey.report)
    print(f"\nloss curves: {journey.plot}")


def train_vocab(arguments: argparse.Namespace) -> None:
    """Trains a vocabulary."""
    from albert_tf.examples.documents import DocumentReader
    from albert_tf.examples.text_files import find_files
    from albert_tf.text.vocabulary import train_vocabulary

    documents = DocumentReader(find_files(arguments.input))
    path = train_vocabulary(
        tqdm(chain.from_iterable(documents), desc="reading", unit="sentence"),
        arguments.out,
        vocab_size=arguments.size,
        cased=arguments.cased,
        keep_accents=arguments.keep_accents,
    )
    if documents.lines.replaced:
        print(f"bytes that are not UTF-8: {documents.lines.replaced:,} replaced", file=sys.stderr)
    print(path)


def adopt_vocab(arguments: argparse.Namespace) -> None:
    """Adopts a released vocabulary."""
    from albert_tf.text.vocabulary import adopt_vocabulary

    path = adopt_vocabulary(
        arguments.model,
        arguments.out,
        cased=arguments.cased,
        keep_accents=arguments.keep_accents,
    )
    print(path)


def pretrain(arguments: argparse.Namespace) -> None:
    """Pretrains a model on a corpus."""
    from albert_tf.config import AlbertConfig
    from albert_tf.training.pretrain import PretrainingOptions, open_examples
    from albert_tf.training.pretrain import pretrain as train

    corpus = open_examples(arguments.examples)
    if arguments.config:
        config = AlbertConfig.read(arguments.config)
    else:
        config = AlbertConfig.named(arguments.size, vocab_size=corpus.tokenizer.vocab_size)
    config = replace(config, parameter_sharing=arguments.sharing or config.parameter_sharing)
    options = given_options(PretrainingOptions(), arguments)
    log = train(corpus, config, options, arguments.out, progress=True)
    print_table(log[-1])


def import_(arguments: argparse.Namespace) -> None:
    """Imports a checkpoint."""
    from albert_tf.training.import_checkpoint import import_checkpoint

    imported = import_checkpoint(
        arguments.format, arguments.path, arguments.out, vocabulary=arguments.vocab,
        task_name=arguments.task,
    )  # fmt: skip
    table = {
        "model": type(imported.model).__name__,
        "parameters": imported.model.count_params(),
        "not in the checkpoint, left to chance": ", ".join(imported.initialized),
        "in the checkpoint, of no use here": ", ".join(imported.left_out),
    }
    print_table({name: value for name, value in table.items() if value})


def sizes(arguments: argparse.Namespace) -> None:
    """Prints how large and how slow each size is."""
    from albert_tf.sizes import named_sizes, sharing_sizes

    tables = {"sizes": named_sizes(), "albert_base_by_sharing": sharing_sizes()}
    if arguments.json:
        values = {name: [asdict(row) for row in rows] for name, rows in tables.items()}
        write_json(values, arguments.json)
    for rows in tables.values():
        print_rows(
            ["", "parameters", "/ bert_base", "MB", "MFLOP/token T=128", "T=512", "/ bert_base"],
            [
                [
                    row.name, f"{row.parameters:,}", f"{row.parameters_vs_bert:.2f}",
                    f"{row.memory_mb:,.0f}", f"{row.mflops_128:,.0f}", f"{row.mflops_512:,.0f}",
                    f"{row.flops_vs_bert:.2f}",
                ]
                for row in rows
            ],
        )  # fmt: skip
        print()
    print(
        "A shared layer is stored once and computed every time: fewer parameters are less to\n"
        "store and to load, not fewer FLOPs. albert_base works as hard as bert_base."
    )


def finetune(arguments: argparse.Namespace) -> None:
    """Fine-tunes a pretrained model on a labelled file."""
    from albert_tf.cli.finetuning import finetune as train

    recipe = read_recipe(arguments.task, arguments.recipe)
    if arguments.sequence_length is None:
        arguments.sequence_length = recipe.sequence_length
    train(new_task(arguments), recipe, arguments)


def _refuse_litert_options(arguments: argparse.Namespace) -> None:
    """Options that say how a LiteRT file is made mean nothing to another library's."""
    given = spelled(arguments, _OF_LITERT)
    if given:
        raise ValueError(f"--format {arguments.format} has no {', '.join(given)}; leave it out.")


def export(arguments: argparse.Namespace) -> None:
    """Writes the files for a device, or for another library."""
    if arguments.format != "litert":
        from albert_tf.export.checkpoint import export_checkpoint

        _refuse_litert_options(arguments)
        left_out = export_checkpoint(arguments.model, arguments.out, arguments.format)
        print_table({"folder": arguments.out, "left out": ", ".join(left_out) or "nothing"})
        return
    from albert_tf.export.android import android_folder
    from albert_tf.export.bundle import export as write
    from albert_tf.export.drop import Gate
    from albert_tf.export.signature import Form

    form, recipe = given_options(Form(), arguments), arguments.recipe or DEFAULT_RECIPE
    target = arguments.out or android_folder(
        arguments.model, arguments.android, form.batch, arguments.head, recipe
    )
    contract = write(
        arguments.model, target, recipe, form, arguments.head,
        calibration=arguments.calibration, gate=given_options(Gate(), arguments), progress=True,
    )  # fmt: skip
    print_table({
        "file": target / contract.model.name,
        "bytes": contract.model.bytes,
        "recipe": contract.recipe,
        "answers": contract.task["task"],
        "largest difference from Keras": f"{contract.parity:.1e}",
    })
