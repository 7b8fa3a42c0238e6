"""Reads and writes the JSON files that models, checkpoints and corpora are described by.

file  <->  [json_file]  <->  config, text, examples, models.checkpoints
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_json_object(path: str | Path) -> dict[str, Any]:
    """Reads a JSON file that must hold an object.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing.")
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold a JSON object; got {type(values).__name__}.")
    return values


def write_json_object(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a JSON file, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    # Names of files may hold halves of characters, whose escapes are those of JSON.
    partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    partial.replace(path)
