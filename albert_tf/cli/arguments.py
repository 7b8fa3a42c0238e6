"""The options of every subcommand, and the words that explain them.

command line  ->  [arguments.build_parser]  ->  commands
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

from albert_tf.cli import commands
from albert_tf.config import SHARING, AlbertConfig
from albert_tf.examples.documents import FORMATS
from albert_tf.examples.sentences import MODES
from albert_tf.version import __version__

_TASKS = ("classification", "question_answering")
_IMPORT_FORMATS = ("google", "huggingface", "kerashub", "tfhub")
_EXPORT_FORMATS = ("litert", "saved_model", "huggingface", "kerashub")
_RECIPES = ("float32", "dynamic_wi8_afp32")
_LABELLED = (
    "a .csv, .tsv, .txt (tab-separated) or .jsonl table with named columns; "
    "for question_answering a .json file as SQuAD 1.1"
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
        _demo, _vocab, _examples, _pretrain, _import, _finetune, _export, _evaluate, _predict,
        _sizes,
    ):  # fmt: skip
        add(steps)
    return parser


def _demo(steps: Any) -> None:
    step = _step(
        steps, "demo", commands.demo,
        "Run the whole road on a made-up world. Takes minutes on two cores.",
        "albert-tf demo --out runs/demo",
    )  # fmt: skip
    out = Path("runs/demo")
    _path(step, "--out", "FOLDER", "for all results (default runs/demo)", default=out)
    _count(step, "--seed", "seed of the world and of training (default 0)", least=0, default=0)


def _vocab(steps: Any) -> None:
    step = _step(
        steps, "vocab", None,
        "Train a SentencePiece vocabulary, or adopt a released one. Both clean text as ALBERT "
        "does, inside the one file that Python, TensorFlow and phones read.",
        "albert-tf vocab train --input corpus.txt --size 30000 --out runs/vocab",
    )  # fmt: skip
    kinds = step.add_subparsers(title="commands", metavar="COMMAND", required=True)
    train = _step(
        kinds, "train", commands.train_vocab,
        "Train a vocabulary with ALBERT's special ids on text of any language.",
        "albert-tf vocab train --input 'corpus/*.txt' --size 30000 --out runs/vocab",
    )  # fmt: skip
    train.add_argument(
        "--input", metavar="GLOB", nargs="+", required=True,
        help="UTF-8 text files, a sentence per line, or .jsonl with a field text; plain, .gz, .xz "
        "or .zst; names may hold *, ? and **",
    )  # fmt: skip
    _count(train, "--size", "most pieces (default 30000)", default=30_000)
    adopt = _step(
        kinds, "adopt", commands.adopt_vocab,
        "Adopt a released SentencePiece model: the ids stay, and the file learns to clean text.",
        "albert-tf vocab adopt 30k-clean.model --out runs/vocab",
    )  # fmt: skip
    adopt.add_argument("model", type=Path, help="a Unigram model such as 30k-clean.model")
    for kind in (train, adopt):
        _path(kind, "--out", "FOLDER", "for spiece.model", required=True)
        kind.add_argument("--cased", action="store_true", help="tell capitals from small letters")
        kind.add_argument("--keep-accents", action="store_true", help="tell \u00e9 from e")


def _examples(steps: Any) -> None:
    step = _step(
        steps, "examples", commands.make_examples,
        "Turn a corpus into token shards, on all cores. Repeat the command after a stop, and it "
        "goes on. Bytes that are not UTF-8 are replaced and counted.",
        "albert-tf examples --corpus 'corpus/*.txt.gz' --vocab runs/vocab --out runs/examples",
    )  # fmt: skip
    step.add_argument(
        "--corpus", metavar="GLOB", nargs="+", required=True,
        help="UTF-8 text files, plain, .gz, .xz or .zst; names may hold *, ? and **",
    )  # fmt: skip
    _path(step, "--vocab", "FOLDER", "of a vocabulary", required=True)
    _path(step, "--out", "FOLDER", "for the shards", required=True)
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
    _count(step, "--workers", "processes that encode (default: one per core)")


def _pretrain(steps: Any) -> None:
    step = _step(
        steps, "pretrain", commands.pretrain,
        "Pretrain a model with masked language modeling and sentence-order prediction.",
        "albert-tf pretrain --corpus corpus.txt --vocab runs/vocab --size albert_tiny "
        "--out runs/pretrained",
    )  # fmt: skip
    corpus = "UTF-8 text: a sentence per line, a blank line between documents"
    _path(step, "--corpus", "FILE", corpus, required=True)
    _path(step, "--vocab", "FOLDER", "of a vocabulary", required=True)
    _path(step, "--out", "FOLDER", "for the model", required=True)
    step.add_argument(
        "--size", default="albert_base", choices=AlbertConfig.sizes(),
        help="layers, heads and widths (default albert_base)",
    )  # fmt: skip
    step.add_argument(
        "--sharing", choices=SHARING, help="what the layers share (default: as the size is named)"
    )
    _count(step, "--steps", "optimizer steps (default 1000)")
    _count(step, "--warmup-steps", "steps to the full rate (default 100)", least=0)
    _count(step, "--steps-per-save", "steps between checkpoints (default 100)")
    _add_training(step, "512", "0.001")


def _import(steps: Any) -> None:
    step = _step(
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
    _path(step, "--out", "FOLDER", "for the model", required=True)
    _path(step, "--vocab", "FOLDER", "of the vocabulary, if it is not with the checkpoint")


def _sizes(steps: Any) -> None:
    step = _step(
        steps, "sizes", commands.sizes,
        "Show parameters, memory and work of every named size and way of sharing.",
        "albert-tf sizes",
    )  # fmt: skip
    _path(step, "--json", "FILE", "receives the table")


def _finetune(steps: Any) -> None:
    step = _step(
        steps, "finetune", commands.finetune,
        "Fine-tune a pretrained model on a labelled file.",
        "albert-tf finetune --task classification --model runs/pretrained --train train.tsv "
        "--validation dev.tsv --text-column text --label-column label --out runs/classifier",
    )  # fmt: skip
    step.add_argument("--task", required=True, choices=_TASKS, help="what the file teaches")
    _path(step, "--model", "FOLDER", "of a pretrained model", required=True)
    _path(step, "--out", "FOLDER", "for the fine-tuned model", required=True)
    _path(step, "--train", "FILE", _LABELLED, required=True)
    _path(step, "--validation", "FILE", "the same, scored at every save", required=True)
    _add_columns(step)
    _count(step, "--limit", "train on the first N examples only")
    _count(step, "--validation-limit", "validate on the first N examples only")
    _count(step, "--epochs", "passes over the examples (default 2)")
    _count(step, "--saves-per-epoch", "checkpoints and validations per pass (default 1)")
    _add_training(step, "128, for questions 384", "3e-05")


def _export(steps: Any) -> None:
    step = _step(
        steps, "export", commands.export,
        "Write a fine-tuned model as a LiteRT file with its vocabulary and contract.",
        "albert-tf export runs/classifier --recipe dynamic_wi8_afp32 --out runs/classifier-int8",
    )  # fmt: skip
    step.add_argument("model", type=Path, help="folder of a fine-tuned model")
    _path(step, "--out", "FOLDER", "for the exported files", required=True)
    step.add_argument(
        "--recipe", default="dynamic_wi8_afp32", choices=_RECIPES,
        help="how weights are stored: as float32, or in 8 bits with float activations "
        "(default dynamic_wi8_afp32)",
    )  # fmt: skip
    step.add_argument(
        "--format", default="litert", choices=_EXPORT_FORMATS,
        help="a LiteRT file, or the layout of another library (default litert)",
    )  # fmt: skip


def _evaluate(steps: Any) -> None:
    step = _step(
        steps, "evaluate", commands.evaluate,
        "Score a fine-tuned or exported model on a labelled file. Scores are percentages. "
        "An exported model is run by LiteRT, without TensorFlow.",
        "albert-tf evaluate runs/classifier-int8 --data test.tsv --json runs/scores.json",
    )  # fmt: skip
    _add_model(step)
    step.add_argument("--task", choices=_TASKS, help="check that the model is for this task")
    step.add_argument(
        "--data", "--test", "--validation", type=Path, metavar="FILE", required=True,
        help=_LABELLED,
    )  # fmt: skip
    _add_columns(step)
    _count(step, "--limit", "score the first N examples only")
    _path(step, "--json", "FILE", "receives the scores")


def _predict(steps: Any) -> None:
    step = _step(
        steps, "predict", commands.predict,
        "Answer one question or label one text, as one line of JSON.",
        'albert-tf predict runs/classifier-int8 --text "a fine film"',
    )  # fmt: skip
    _add_model(step)
    step.add_argument("--text", help="text to classify")
    step.add_argument("--pair", help="second text, for a model of pairs")
    step.add_argument("--question", help="question to answer")
    step.add_argument("--context", help="passage that holds the answer")


def _step(steps: Any, name: str, command: Any, text: str, example: str) -> Any:
    step = steps.add_parser(
        name,
        help=text[0].lower() + text[1:].split(".")[0],
        description=textwrap.fill(text, 80),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    step.set_defaults(command=command)
    return step


def _path(step: Any, name: str, metavar: str, text: str, **settings: Any) -> None:
    step.add_argument(name, type=Path, metavar=metavar, help=text, **settings)


def _count(step: Any, name: str, text: str, least: int = 1, **settings: Any) -> None:
    def whole(value: str) -> int:
        if int(value) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}; got {value}")
        return int(value)

    whole.__name__ = "whole number"  # argparse names it where int() fails
    step.add_argument(name, type=whole, metavar="N", help=text, **settings)


def _add_model(step: Any) -> None:
    step.add_argument("model", type=Path, help="folder of a fine-tuned or exported model")
    _count(step, "--threads", "CPU threads of LiteRT (default 2)", default=2)


def _add_columns(step: Any) -> None:
    step.add_argument("--text-column", metavar="NAME", help="column of the text")
    step.add_argument("--pair-column", metavar="NAME", help="column of a second text, for pairs")
    step.add_argument("--label-column", metavar="NAME", help="column of the label")


def _add_training(step: Any, sequence_length: str, learning_rate: str) -> None:
    _count(step, "--sequence-length", f"longest input, in tokens (default {sequence_length})")
    _count(step, "--batch-size", "examples per step (default 32)")
    step.add_argument(
        "--learning-rate", type=float, metavar="RATE",
        help=f"peak, after warm-up and before linear decay (default {learning_rate})",
    )  # fmt: skip
    step.add_argument(
        "--optimizer", choices=["adamw", "lamb"], help="rule of the updates (default adamw)"
    )
    _count(step, "--seed", "seed of everything random (default 0)", least=0)
