"""Environments of the programs that benchmarks and tests compare with, made when asked for."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import venv
from pathlib import Path

_FOLDER = Path(__file__).parent / ".peers"


def peers_python(name: str, requirements: list[str]) -> Path:
    """Python of the environment `name`, which is made if it is not there.

    Raises:
        OSError: something cannot be installed.
    """
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / f"{name}.lock").open("w") as lock:  # tests of several processes ask for it
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _made(_FOLDER / name, requirements)


def _made(folder: Path, requirements: list[str]) -> Path:
    python = folder / "bin" / "python"
    installed = folder / "installed.txt"
    wanted = "\n".join(requirements)
    if not (installed.exists() and installed.read_text() == wanted):
        print(f"installing {', '.join(requirements)} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "-q", *requirements]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"{' '.join(requirements)} cannot be installed: {done.stderr.strip()}")
        installed.write_text(wanted)
    return python
