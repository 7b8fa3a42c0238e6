"""Options that several subcommands have.

[options]  ->  arguments
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from albert_tf.tasks.named import task_names
from albert_tf.training.recipe import RECIPES

Options = TypeVar("Options")


def add_step(steps: Any, name: str, command: Any, text: str, example: str) -> Any:
    """A subcommand with a description, of which the list of commands shows the first sentence."""
    step = steps.add_parser(
        name,
        help=text[0].lower() + text[1:].split(".")[0],
        description=textwrap.fill(text, 80),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    step.set_defaults(command=command)
    return step


def add_path(step: Any, name: str, metavar: str, text: str, **settings: Any) -> None:
    """An option that is a file or a folder."""
    step.add_argument(name, type=Path, metavar=metavar, help=text, **settings)


def add_count(step: Any, name: str, text: str, least: int = 1, **settings: Any) -> None:
    """An option that is a whole number."""

    def whole(value: str) -> int:
        if int(value) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}; got {value}")
        return int(value)

    whole.__name__ = "whole number"  # argparse names it where int() fails
    step.add_argument(name, type=whole, metavar="N", help=text, **settings)


def add_model(step: Any) -> None:
    """The model that a step opens."""
    step.add_argument("model", type=Path, help="folder of a fine-tuned or exported model")
    add_count(
        step, "--threads", "CPU threads of LiteRT, for an exported model (default 2)", default=2
    )


def add_task(step: Any) -> None:
    """The dataset that a finished model reads."""
    step.add_argument(
        "--task", choices=task_names(), metavar="TASK",
        help="read the file as that of this task, for which the model must fit; by default as "
        "the one it was trained for",
    )  # fmt: skip


def add_columns(step: Any) -> None:
    """Which columns of a table hold what."""
    step.add_argument("--text-column", metavar="NAME", help="column of the text")
    step.add_argument("--pair-column", metavar="NAME", help="column of a second text, for pairs")
    step.add_argument("--label-column", metavar="NAME", help="column of the label")


def add_training(
    step: Any, sequence_length: str, learning_rate: str, optimizer: str = "adamw"
) -> None:
    """What every training run is told."""
    add_count(step, "--sequence-length", f"longest input, in tokens (default {sequence_length})")
    add_count(step, "--batch-size", "examples per step, over all devices (default 32)")
    add_count(
        step, "--micro-batches",
        "parts a device computes its share of a batch in, to save memory; the update is the "
        "same (default 1)",
    )  # fmt: skip
    step.add_argument(
        "--learning-rate", type=float, metavar="RATE",
        help=f"peak, after warm-up and before linear decay (default {learning_rate})",
    )  # fmt: skip
    step.add_argument(
        "--optimizer", choices=("adamw", "lamb"),
        help=f"rule of the updates (default {optimizer})",
    )  # fmt: skip
    step.add_argument(
        "--distribute", choices=("none", "mirrored", "multi_worker", "tpu"),
        help="devices that share every batch: all GPUs of this machine, the machines that "
        "TF_CONFIG names, or a TPU (default none)",
    )  # fmt: skip
    add_count(
        step,
        "--steps-per-execution",
        "steps in one call of TensorFlow; logs and saves wait for its end (default 1)",
    )
    step.add_argument(
        "--xla", action="store_true", default=None,
        help="compile with XLA, which helps on accelerators, and narrow models on CPUs",
    )  # fmt: skip
    add_count(step, "--seed", "seed of everything random (default 0)", least=0)


def add_finetuning(step: Any) -> None:
    """How a fine-tuning run begins, how long it is and what it trains."""
    step.add_argument(
        "--recipe", choices=RECIPES,
        help="settings that the options below override: as published for this task and version "
        "1 or 2 of ALBERT, or the defaults stated here (default paper for a task of the paper, "
        "else plain); see albert_tf/training/recipes",
    )  # fmt: skip
    length = step.add_mutually_exclusive_group()
    add_count(length, "--epochs", "passes over the examples (default 2)")
    add_count(length, "--steps", "optimizer steps, in place of epochs")
    add_count(step, "--warmup-steps", "steps to the full rate (default a tenth of all)", least=0)
    add_count(step, "--saves-per-epoch", "checkpoints and validations per pass (default 1)")
    add_count(step, "--patience", "stop after N saves without a better score (default never)")
    add_rate(step, "--dropout", "in the pretrained body (default as it was pretrained)")
    add_rate(step, "--head-dropout", "before the head (default 0.1)")
    add_rate(
        step, "--layer-decay",
        "learning rate of a layer as a share of the one above it; a layer that is shared is one "
        "(default 1.0)",
    )  # fmt: skip
    add_count(
        step,
        "--doc-stride",
        "tokens from the start of a window of a long passage to the next (default 128)",
    )
    add_count(step, "--max-query-length", "tokens read of a question (default 64)")
    add_count(step, "--max-answer-length", "tokens of the longest answer (default 30)")
    add_count(
        step, "--max-qa-length", "tokens read of a question with an option, for race (default 128)"
    )
    add_count(step, "--lora", "train adapters of rank N, and the head, in place of the body")
    step.add_argument(
        "--new-head", action="store_true", default=None,
        help="begin with a random head where the model has one for the same labels, which is "
        "otherwise kept",
    )  # fmt: skip
    step.add_argument(
        "--new-pooler", action="store_true", default=None, help="begin with a random pooler"
    )
    add_count(
        step, "--seeds", "train with N seeds, into OUT/seed-0 and so on; shows mean and deviation",
        least=2,
    )  # fmt: skip


def add_rate(step: Any, name: str, text: str) -> None:
    """An option that is a number from 0 to 1."""
    step.add_argument(name, type=float, metavar="RATE", help=text)


def spelled(arguments: argparse.Namespace, names: Iterable[str]) -> list[str]:
    """Returns those of some options that the user gave, as they are spelled."""
    return [
        "--" + name.replace("_", "-")
        for name in names
        if getattr(arguments, name, None) is not None
    ]


def given(kind: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings of a kind of options that the user gave."""
    return {
        field.name: getattr(arguments, field.name)
        for field in fields(kind)
        if getattr(arguments, field.name, None) is not None
    }


def given_options(defaults: Options, arguments: argparse.Namespace) -> Options:
    """Returns `defaults` with every option the user gave."""
    return replace(defaults, **given(type(defaults), arguments))  # type: ignore[type-var]
