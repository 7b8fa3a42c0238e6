"""`albert-tf`: one subcommand per step of the road.

Results go to stdout, progress and errors to stderr. Exit code 0 for success, 1 for an
error of the input, 2 for wrong usage, 130 when interrupted, 143 when told to stop by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from albert_tf.cli.arguments import build_parser

# Of setup.py, what is imported by each extra and by none that is smaller.
_EXTRAS = {
    "examples": ("matplotlib", "sentencex", "zstandard"),
    "train": (
        "huggingface_hub", "kagglehub", "keras", "keras_hub", "safetensors", "scipy", "sklearn",
        "tensorboard", "tensorflow", "tensorflow_text",
    ),
    "export": ("flatbuffers", "litert_quantizer"),
    "beam": ("apache_beam",),
}  # fmt: skip
_NEED_ALL = ("demo", "export")  # steps, of the extra export


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns the exit code."""
    _open_streams()
    code = _run(argv)
    try:
        sys.stdout.flush()
    except OSError as error:
        # What is left would be tried again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"albert-tf: {error}", file=sys.stderr)
        return code or 1
    return code


def _open_streams() -> None:
    """Lets what is said into a stream that whoever started this has closed come to nothing."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # or the next file would get the number, and all that C++ says
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open("w", encoding="utf-8", errors="replace")  # noqa: SIM115
            setattr(sys, name, stream)


def _run(argv: Sequence[str] | None) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    # Folders that were being written are then cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        arguments.command(arguments)
    except ModuleNotFoundError as error:
        print(f"albert-tf: {_explain(error, arguments.command.__name__)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # of stdout, where the reader has enough, as `head` has
        return 1
    except (ValueError, OSError, ImportError) as error:
        print(f"albert-tf: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        # A run that SIGTERM stopped says what it saved.
        said = str(stop)
        print(
            f"albert-tf: {said or 'stopped'}; repeat the command to continue.",
            file=sys.stderr,
        )
        return 143 if said else 130
    return 0


def _explain(error: ModuleNotFoundError, step: str) -> str:
    """What a step lacks, and the extra that brings it."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in _EXTRAS.items() if module in modules), None)
    if extra is None:
        return str(error)
    extra = "export" if step in _NEED_ALL else extra
    return f"this step needs {module}. Run: pip install 'albert_tf[{extra}]'"
