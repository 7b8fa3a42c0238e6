"""The folder of a run: which run it belongs to, and whether that one is finished.

[run_folder.claim]  ->  trainer.fit, saving  ->  [run_folder.finish]
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from albert_tf.json_file import write_json_object

_RUN_FILE = "run.json"


@contextmanager
def claim(directory: Path, settings: dict[str, Any]) -> Iterator[None]:
    """Holds a folder for one run, so that only the same run continues in it, and once at a time.

    Args:
        directory: Made if absent.
        settings: JSON values that decide the result of the run.

    Raises:
        FileExistsError: the folder holds a finished model, or another process trains in it.
        ValueError: a run with other settings began there, or `run.json` is damaged.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory):
        _mark(directory, settings)
        yield


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Locks a folder; the system opens it again when the process ends, however it does."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileExistsError(
                f"another process trains in {directory}; wait for its end, or choose another "
                f"folder."
            ) from error
        except OSError:  # a file system that knows no locks
            pass
        yield
    finally:
        os.close(handle)


def _mark(directory: Path, settings: dict[str, Any]) -> None:
    before = _read(directory)
    if before.get("finished", (directory / "config.json").exists()):
        raise FileExistsError(f"{directory} holds a finished model; choose another folder.")
    settings = json.loads(json.dumps({**settings, "finished": False}, default=str))
    changed = [key for key in settings if before and before.get(key) != settings[key]]
    if changed:
        raise ValueError(
            f"{directory} holds an unfinished run whose {changed[0]} was "
            f"{before.get(changed[0])!r}, not {settings[changed[0]]!r}; repeat its settings "
            f"to continue it, or choose another folder."
        )
    write_json_object(directory / _RUN_FILE, settings)


def finish(directory: Path) -> None:
    """Marks the run as finished; call it after everything else is written."""
    write_json_object(directory / _RUN_FILE, {**_read(directory), "finished": True})


def is_finished(directory: Path) -> bool:
    """Whether a run in a folder came to its end.

    Raises:
        ValueError: `run.json` is damaged.
    """
    return bool(_read(directory).get("finished", False))


def _read(directory: Path) -> dict[str, Any]:
    path = directory / _RUN_FILE
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}. Choose another folder.") from error
