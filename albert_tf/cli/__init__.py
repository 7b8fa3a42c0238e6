"""`albert-tf`: one subcommand per step of the road.

Results go to stdout, progress and errors to stderr. Exit code 0 for success, 1 for an
error of the input, 2 for wrong usage, 130 when interrupted, 143 when told to stop by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from albert_tf.cli.arguments import build_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns the exit code."""
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
        cure = "pip install 'albert_tf[export]'"
        print(f"albert-tf: this step needs {error.name}. Run: {cure}", file=sys.stderr)
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
