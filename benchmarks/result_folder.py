"""A folder for the files of a benchmark, which may be continued but not mixed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_FILE = "made_for.json"


def claim(folder: Path, model: Path | None, *settings: object) -> None:
    """Takes a folder for one model, or none, and its settings; of paths the content counts.

    Raises:
        SystemExit: it holds results of others, or the model or a path among the settings is not
            there.
    """
    weights = sorted(model.glob("*.weights.h5")) if model else []
    if model and not weights:
        raise SystemExit(f"{model} holds no weights; give the folder of a model.")
    for path in settings:
        if isinstance(path, Path) and not path.exists():
            raise SystemExit(f"{path} is missing.")
    told = [_sums(value) if isinstance(value, Path) else str(value) for value in settings]
    wanted = {"weights": list(map(_sum, weights)), "settings": told}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    if path.exists() and json.loads(path.read_text()) != wanted:
        raise SystemExit(f"{folder} holds results of another model or settings; choose another.")
    path.write_text(json.dumps(wanted, indent=2) + "\n")


def _sums(path: Path) -> list[str]:
    """The checksum of a file, or of every file of a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [_sum(file) for file in files if file.is_file()]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
