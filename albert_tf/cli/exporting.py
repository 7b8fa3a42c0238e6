"""The options of an export, and the words that explain them.

[exporting.add_export]  ->  arguments
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from albert_tf.cli import commands
from albert_tf.cli.options import add_count, add_path, add_step
from albert_tf.export.recipes import DEFAULT_RECIPE, RECIPES

_FORMATS = ("litert", "saved_model", "huggingface", "kerashub")


def add_export(steps: Any) -> None:
    """The subcommand `export`."""
    step = add_step(
        steps, "export", commands.export,
        "Write a model as a LiteRT file with its vocabulary and contract.",
        "albert-tf export runs/classifier --validation dev.tsv --out runs/classifier-int8",
    )  # fmt: skip
    step.add_argument("model", type=Path, help="folder of a fine-tuned or pretrained model")
    target = step.add_mutually_exclusive_group(required=True)
    add_path(target, "--out", "FOLDER", "for the exported files")
    add_path(
        target, "--android", "PROJECT",
        "such as android_demo, into whose assets a model for questions or classes is put",
    )  # fmt: skip
    step.add_argument(
        "--recipe", choices=RECIPES,
        help="how numbers are stored: weights in float, or in 8 (wi8) or 4 bits (wi4); "
        "activations in float (afp32), or in integers too; compat is for runtimes as old as "
        f"tflite-runtime 2.14 (default {DEFAULT_RECIPE})",
    )  # fmt: skip
    add_path(
        step, "--calibration", "PATH",
        "of examples as for training, with labels or without: a static recipe must see some, and "
        "others of integers lose less where they do. For embeddings and gaps, which have no static "
        "recipe, of texts",
    )  # fmt: skip
    _add_form(step)
    _add_gate(step)


def _add_form(step: Any) -> None:
    """What an exported file answers, and how it is laid out."""
    step.add_argument(
        "--format", default="litert", choices=_FORMATS,
        help="a LiteRT file, for which the other options are; a SavedModel that takes texts; or a "
        "checkpoint as another library keeps it (default litert)",
    )  # fmt: skip
    step.add_argument(
        "--head", choices=("embeddings", "masked_lm"),
        help="what a LiteRT file answers: vectors of texts, or words for gaps (default the task "
        "of a fine-tuned model, masked_lm where it has that head, else embeddings)",
    )  # fmt: skip
    step.add_argument(
        "--encoder", choices=("loop", "unrolled"),
        help="the shared layer as a loop, which is loaded once, or laid out for delegates that "
        "cannot run loops (default loop)",
    )  # fmt: skip
    add_count(
        step, "--sequence-length",
        "fixed length of the input, which is then padded to it and cut (default any)",
    )  # fmt: skip
    add_count(step, "--batch", "inputs of one call (default 1)")


def _add_gate(step: Any) -> None:
    """What an exported file must show before it is written."""
    add_path(
        step, "--validation", "PATH",
        "of labelled examples, or of texts for embeddings and gaps; a file that scores too far "
        "below the float file on them is refused. A recipe that changes answers needs it, or "
        "--accept-drop",
    )  # fmt: skip
    add_count(step, "--validation-limit", "score the first N examples only")
    step.add_argument(
        "--accept-drop", type=float, metavar="POINTS",
        help="what the score may lose, in place of the bar of the recipe (0.1 for floats, 0.3 for "
        "8 bits and static_wi8_ai16, 1.0 for 4 bits and static_wi8_ai8); without --validation it "
        "is not seen",
    )  # fmt: skip
