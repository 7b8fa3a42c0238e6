"""Environments of the programs that benchmarks and tests compare with, made when asked for."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

_FOLDER = Path(__file__).parent / ".peers"


def peers_python(name: str, requirements: list[str]) -> Path:
    """Python of the environment `name`, which is made if it is not there.

    Raises:
        subprocess.CalledProcessError: something cannot be installed; `stderr` says what.
    """
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    installed = folder / "installed.txt"
    wanted = "\n".join(requirements)
    if not (installed.exists() and installed.read_text() == wanted):
        print(f"installing {', '.join(requirements)} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "-q", *requirements]
        subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
        installed.write_text(wanted)
    return python
