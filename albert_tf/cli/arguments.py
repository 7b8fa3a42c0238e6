"""The options of every subcommand, and the words that explain them.

command line  ->  [arguments.build_parser]  ->  commands
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from albert_tf.cli import answers, commands
from albert_tf.cli.examples import add_examples
from albert_tf.cli.exporting import add_export
from albert_tf.cli.options import (
    add_columns,
    add_count,
    add_finetuning,
    add_model,
    add_path,
    add_step,
    add_task,
    add_training,
)
from albert_tf.cli.tasks import add_tasks
from albert_tf.config import SHARING, AlbertConfig
from albert_tf.examples.sentence_pairs import OBJECTIVES
from albert_tf.tasks.named import task_names
from albert_tf.training.options import PRECISIONS
from albert_tf.version import __version__

_IMPORT_FORMATS = ("google", "huggingface", "kerashub", "tfhub")
_ONE_ROW_TASKS = ("multiple_choice", "regression")
_LABELLED = (
    "the file as it is published, for race a folder of levels; of your own, a .csv, .tsv, .txt "
    "(tab-separated) or .jsonl table with named columns, or a .json file as SQuAD"
)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of `albert-tf`; each result carries its `command`."""
    parser = argparse.ArgumentParser(
        prog="albert-tf",
        description="ALBERT from raw text to an answer on a phone. The steps, in order: "
        "vocab, examples, pretrain (or import), finetune, export, evaluate, predict; demo runs "
        "them all.",
        epilog="A training run that was stopped continues when its command is repeated. "
        "'albert-tf COMMAND --help' explains the options of a step.",
    )
    parser.add_argument("--version", action="version", version=f"albert_tf {__version__}")
    steps = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        _demo, _vocab, add_examples, _pretrain, _import, _finetune, add_export, _evaluate, _predict,
        _sizes, add_tasks,
    ):  # fmt: skip
        add(steps)
    return parser


def _demo(steps: Any) -> None:
    step = add_step(
        steps, "demo", commands.demo,
        "Run the whole road on a made-up world. Takes minutes on two cores.",
        "albert-tf demo --out runs/demo",
    )  # fmt: skip
    out = Path("runs/demo")
    add_path(step, "--out", "FOLDER", "for all results (default runs/demo)", default=out)
    add_count(step, "--seed", "seed of the world and of training (default 0)", least=0, default=0)


def _vocab(steps: Any) -> None:
    step = add_step(
        steps, "vocab", None,
        "Train a SentencePiece vocabulary, or adopt a released one. Both clean text as ALBERT "
        "does, inside the one file that Python, TensorFlow and phones read.",
        "albert-tf vocab train --input corpus.txt --size 30000 --out runs/vocab",
    )  # fmt: skip
    kinds = step.add_subparsers(title="commands", metavar="COMMAND", required=True)
    train = add_step(
        kinds, "train", commands.train_vocab,
        "Train a vocabulary with ALBERT's special ids on text of any language.",
        "albert-tf vocab train --input 'corpus/*.txt' --size 30000 --out runs/vocab",
    )  # fmt: skip
    train.add_argument(
        "--input", metavar="GLOB", nargs="+", required=True,
        help="UTF-8 text files, a sentence per line, or .jsonl with a field text; plain, .gz, .xz "
        "or .zst; names may hold *, ? and **",
    )  # fmt: skip
    add_count(train, "--size", "most pieces (default 30000)", default=30_000)
    adopt = add_step(
        kinds, "adopt", commands.adopt_vocab,
        "Adopt a released SentencePiece model: the ids stay, and the file learns to clean text.",
        "albert-tf vocab adopt 30k-clean.model --out runs/vocab",
    )  # fmt: skip
    adopt.add_argument("model", type=Path, help="a Unigram model such as 30k-clean.model")
    for kind in (train, adopt):
        add_path(kind, "--out", "FOLDER", "for spiece.model", required=True)
        kind.add_argument("--cased", action="store_true", help="tell capitals from small letters")
        kind.add_argument("--keep-accents", action="store_true", help="tell \u00e9 from e")


def _pretrain(steps: Any) -> None:
    step = add_step(
        steps, "pretrain", commands.pretrain,
        "Pretrain a model with masked language modeling and sentence-order prediction.",
        "albert-tf pretrain --examples runs/examples --size albert_tiny --out runs/pretrained",
    )  # fmt: skip
    add_path(step, "--examples", "FOLDER", "that albert-tf examples wrote", required=True)
    add_path(step, "--out", "FOLDER", "for the model", required=True)
    shape = step.add_mutually_exclusive_group()
    shape.add_argument(
        "--size", default="albert_base", choices=AlbertConfig.sizes(),
        help="layers, heads and widths, which albert-tf sizes shows (default albert_base)",
    )  # fmt: skip
    add_path(shape, "--config", "FILE", "an albert_config.json with a size of your own")
    step.add_argument(
        "--sharing", choices=SHARING, help="what the layers share (default: as the size is named)"
    )
    step.add_argument(
        "--objective", choices=OBJECTIVES,
        help="what is asked of two segments: their order, whether the second comes next as in "
        "BERT, or nothing (default sop)",
    )  # fmt: skip
    add_count(step, "--steps", "optimizer steps (default 1000)")
    add_count(step, "--warmup-steps", "steps to the full rate (default a fortieth of all)", least=0)
    add_count(step, "--steps-per-save", "steps between checkpoints (default 100)")
    step.add_argument(
        "--precision", choices=PRECISIONS,
        help="what activations are computed in; weights stay float32 (default float32)",
    )  # fmt: skip
    step.add_argument(
        "--remat", action="store_true", default=None,
        help="compute activations twice to store a layer of them instead of all",
    )  # fmt: skip
    rate = "as published for the batch size: lamb 0.00176 at 4096, adamw 0.0001 at 256"
    add_training(step, "512", rate, "lamb")


def _import(steps: Any) -> None:
    step = add_step(
        steps, "import", commands.import_,
        "Import a checkpoint made by other code, its heads included. google is the layout "
        "of the official TensorFlow 1 code.",
        "albert-tf import huggingface PATH --out runs/pretrained",
    )  # fmt: skip
    step.add_argument("format", choices=_IMPORT_FORMATS, help="layout of the checkpoint")
    step.add_argument(
        "path",
        help="its folder, a .tar, .tar.gz, .tgz or .zip of it, hf://user/model, or kaggle://...; "
        "a tfhub module of unreleased widths needs an albert_config.json in its folder",
    )
    add_path(step, "--out", "FOLDER", "for the model", required=True)
    add_path(step, "--vocab", "FOLDER", "of the vocabulary, if it is not with the checkpoint")
    step.add_argument(
        "--task", choices=_ONE_ROW_TASKS,
        help="what a google checkpoint with a head of one row is for: options as those of RACE, "
        "or numbers as those of STS-B",
    )  # fmt: skip


def _sizes(steps: Any) -> None:
    step = add_step(
        steps, "sizes", commands.sizes,
        "Show parameters, memory and work of every named size and way of sharing.",
        "albert-tf sizes",
    )  # fmt: skip
    add_path(step, "--json", "FILE", "receives the table")


def _finetune(steps: Any) -> None:
    step = add_step(
        steps, "finetune", commands.finetune,
        "Fine-tune a pretrained model on a labelled file. Defaults are stated for files of your "
        "own; a task of the paper has its published settings, unless options say otherwise.",
        "albert-tf finetune --task classification --model runs/pretrained --train train.tsv "
        "--validation dev.tsv --text-column text --label-column label --out runs/classifier",
    )  # fmt: skip
    step.add_argument(
        "--task", required=True, choices=task_names(), metavar="TASK",
        help="what the file teaches; albert-tf tasks lists them",
    )  # fmt: skip
    add_path(step, "--model", "FOLDER", "of a pretrained model", required=True)
    add_path(step, "--out", "FOLDER", "for the fine-tuned model", required=True)
    add_path(step, "--train", "PATH", _LABELLED, required=True)
    add_path(step, "--validation", "PATH", "the same, scored at every save", required=True)
    add_columns(step)
    add_count(step, "--limit", "train on the first N examples only")
    add_count(step, "--validation-limit", "validate on the first N examples only")
    add_finetuning(step)
    add_training(step, "128, for questions 384", "3e-05")


def _evaluate(steps: Any) -> None:
    step = add_step(
        steps, "evaluate", answers.evaluate,
        "Score a fine-tuned or exported model on a labelled file, or a pretrained one on held-out "
        "examples. Scores are percentages, but for losses, which are nats. "
        "An exported model is run by LiteRT, without TensorFlow.",
        "albert-tf evaluate runs/classifier-int8 --data test.tsv --json runs/scores.json",
    )  # fmt: skip
    add_model(step)
    add_task(step)
    scored = step.add_mutually_exclusive_group(required=True)
    scored.add_argument(
        "--data", "--test", "--validation", type=Path, metavar="PATH", help=_LABELLED
    )
    add_path(scored, "--examples", "FOLDER", "of token shards, for a pretrained model")
    add_columns(step)
    add_count(
        step, "--limit",
        "score the first N rows only (default all), or N examples drawn from shards, in whole "
        "batches of 32 (default 4096)",
    )  # fmt: skip
    add_path(step, "--json", "FILE", "receives the scores")


def _predict(steps: Any) -> None:
    step = add_step(
        steps, "predict", answers.predict,
        "Answer one question or label one text, as one line of JSON; or every row of a file, as "
        "many lines. A file that was stopped halfway is continued when the command is repeated.",
        'albert-tf predict runs/classifier-int8 --text "a fine film"\n'
        "  albert-tf predict runs/classifier-int8 --input reviews.tsv --out labelled.jsonl",
    )  # fmt: skip
    add_model(step)
    add_task(step)
    add_path(step, "--input", "PATH", "of examples, read as evaluate does; labels are not needed")
    add_path(step, "--out", "FILE", "receives a line of JSON for each example of --input")
    add_path(
        step, "--submission", "FOLDER",
        "receives the answers to --input in the form that GLUE, SQuAD or RACE takes",
    )  # fmt: skip
    add_columns(step)
    step.add_argument("--text", metavar="TEXT", help="text to classify, or to give a number for")
    step.add_argument("--pair", metavar="TEXT", help="second text, for a model of pairs")
    step.add_argument("--question", metavar="TEXT", help="question to answer")
    step.add_argument("--context", metavar="TEXT", help="passage that holds the answer")
    step.add_argument(
        "--option", nargs="+", metavar="TEXT", help="what may be the answer, for multiple_choice"
    )
