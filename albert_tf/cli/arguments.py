"""The options of every subcommand, and the words that explain them.

command line  ->  [arguments.build_parser]  ->  commands
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from albert_tf.cli import commands
from albert_tf.config import AlbertConfig
from albert_tf.version import __version__

_TASKS = ("classification", "question_answering")
_RECIPES = ("float32", "dynamic_wi8_afp32")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of `albert-tf`; each result carries its `command`."""
    parser = argparse.ArgumentParser(
        prog="albert-tf",
        description="ALBERT from raw text to an answer on a phone. The steps, in order: "
        "vocab, pretrain (or import), finetune, export, evaluate, predict; demo runs them all.",
        epilog="A training run that was stopped continues when its command is repeated. "
        "'albert-tf COMMAND --help' explains the options of a step.",
    )
    parser.add_argument("--version", action="version", version=f"albert_tf {__version__}")
    steps = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_demo, _vocab, _pretrain, _import, _finetune, _export, _evaluate, _predict):
        add(steps)
    return parser


def _step(steps: Any, name: str, command: Any, text: str, example: str) -> Any:
    step = steps.add_parser(
        name,
        help=text[0].lower() + text[1:].split(".")[0],
        description=text,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    step.set_defaults(command=command)
    return step


def _demo(steps: Any) -> None:
    step = _step(
        steps, "demo", commands.demo,
        "Run the whole road on a made-up world. Takes minutes on two cores.",
        "albert-tf demo --out runs/demo",
    )  # fmt: skip
    step.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder for all results")
    step.add_argument("--seed", type=int, default=0, help="seed of the world and of training")


def _vocab(steps: Any) -> None:
    step = _step(
        steps, "vocab", commands.vocab,
        "Train a SentencePiece vocabulary with ALBERT's special ids.",
        "albert-tf vocab --input corpus.txt --size 30000 --out runs/vocab",
    )  # fmt: skip
    step.add_argument("--input", type=Path, required=True, help="UTF-8 text, a sentence per line")
    step.add_argument("--out", type=Path, required=True, help="folder for spiece.model")
    step.add_argument("--size", type=int, default=30_000, help="most pieces (default 30000)")
    step.add_argument("--cased", action="store_true", help="tell capitals from small letters")


def _pretrain(steps: Any) -> None:
    step = _step(
        steps, "pretrain", commands.pretrain,
        "Pretrain a model with masked language modeling and sentence-order prediction.",
        "albert-tf pretrain --corpus corpus.txt --vocab runs/vocab --size albert_tiny "
        "--out runs/pretrained",
    )  # fmt: skip
    step.add_argument(
        "--corpus", type=Path, required=True,
        help="UTF-8 text: a sentence per line, a blank line between documents",
    )  # fmt: skip
    step.add_argument("--vocab", type=Path, required=True, help="folder of a vocabulary")
    step.add_argument("--out", type=Path, required=True, help="folder for the model")
    step.add_argument(
        "--size", default="albert_base", choices=AlbertConfig.sizes(), help="default albert_base"
    )
    step.add_argument("--steps", type=int, help="optimizer steps (default 1000)")
    step.add_argument("--warmup-steps", type=int, help="steps to the full rate (default 100)")
    _add_training(step)


def _import(steps: Any) -> None:
    step = _step(
        steps, "import", commands.import_,
        "Import a pretrained checkpoint made by other code.",
        "albert-tf import huggingface PATH --out runs/pretrained",
    )  # fmt: skip
    step.add_argument("format", choices=["huggingface"], help="layout of the checkpoint")
    step.add_argument(
        "path", type=Path,
        help="folder with config.json, model.safetensors and spiece.model or vocab.txt",
    )  # fmt: skip
    step.add_argument("--out", type=Path, required=True, help="folder for the model")


def _finetune(steps: Any) -> None:
    step = _step(
        steps, "finetune", commands.finetune,
        "Fine-tune a pretrained model on a labelled file.",
        "albert-tf finetune --task classification --model runs/pretrained --train train.tsv "
        "--validation dev.tsv --text-column text --label-column label --out runs/classifier",
    )  # fmt: skip
    step.add_argument("--task", required=True, choices=_TASKS, help="what the file teaches")
    step.add_argument("--model", type=Path, required=True, help="folder of a pretrained model")
    step.add_argument("--out", type=Path, required=True, help="folder for the fine-tuned model")
    for name in ("train", "validation"):
        step.add_argument(
            f"--{name}", type=Path, required=True,
            help="a .csv, .tsv, .txt (tab-separated) or .jsonl table with named columns; "
            "for question_answering a .json file as SQuAD 1.1",
        )  # fmt: skip
    _add_columns(step)
    step.add_argument("--limit", type=int, help="train on the first LIMIT examples only")
    step.add_argument("--validation-limit", type=int, help="validate on the first ones only")
    step.add_argument("--epochs", type=int, help="passes over the examples (default 2)")
    step.add_argument(
        "--saves-per-epoch", type=int, help="checkpoints and validations per pass (default 1)"
    )
    _add_training(step)


def _export(steps: Any) -> None:
    step = _step(
        steps, "export", commands.export,
        "Write a fine-tuned model as a LiteRT file with its vocabulary and contract.",
        "albert-tf export runs/classifier --recipe dynamic_wi8_afp32 --out runs/classifier-int8",
    )  # fmt: skip
    step.add_argument("model", type=Path, help="folder of a fine-tuned model")
    step.add_argument("--out", type=Path, required=True, help="folder for the exported files")
    step.add_argument(
        "--recipe", default="dynamic_wi8_afp32", choices=_RECIPES,
        help="how weights are stored: float32, or 8 bits with float activations (default)",
    )  # fmt: skip


def _evaluate(steps: Any) -> None:
    step = _step(
        steps, "evaluate", commands.evaluate,
        "Score a fine-tuned or exported model on a labelled file. Scores are percentages. "
        "An exported\nmodel is run by LiteRT, without TensorFlow.",
        "albert-tf evaluate runs/classifier-int8 --data test.tsv --json runs/scores.json",
    )  # fmt: skip
    _add_model(step)
    step.add_argument("--task", choices=_TASKS, help="check that the model is for this task")
    step.add_argument(
        "--data", "--test", "--validation", type=Path, required=True, help="the labelled file"
    )
    _add_columns(step)
    step.add_argument("--limit", type=int, help="score the first LIMIT examples only")
    step.add_argument("--json", type=Path, metavar="FILE", help="also write the scores to FILE")


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


def _add_model(step: Any) -> None:
    step.add_argument("model", type=Path, help="folder of a fine-tuned or exported model")
    step.add_argument("--threads", type=int, default=2, help="CPU threads of LiteRT (default 2)")


def _add_columns(step: Any) -> None:
    step.add_argument("--text-column", help="column of the text")
    step.add_argument("--pair-column", help="column of a second text, for pairs")
    step.add_argument("--label-column", help="column of the label")


def _add_training(step: Any) -> None:
    step.add_argument("--sequence-length", type=int, help="longest input, in tokens")
    step.add_argument("--batch-size", type=int, help="examples per step (default 32)")
    step.add_argument("--learning-rate", type=float, help="peak of warm-up and linear decay")
    step.add_argument("--optimizer", choices=["adamw", "lamb"], help="default adamw")
    step.add_argument("--seed", type=int, help="seed of everything random (default 0)")
