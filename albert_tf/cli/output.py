"""How results are shown: on stdout as columns, in files as JSON.

commands  ->  [output]  ->  stdout, --json FILE
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(values: Any, path: Path) -> None:
    """Writes a result file, its folder made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def print_rows(head: list[str], rows: list[list[str]], *, left: bool = False) -> None:
    """Prints columns: the first to the left, numbers to the right; words, all to the `left`."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for cells in (head, *rows):
        name, *numbers = (
            f"{cell:<{width}}" if left or number == 0 else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        print("  ".join([name, *numbers]).rstrip())


def print_table(values: Mapping[str, Any]) -> None:
    """Prints a name and a value on each line."""
    width = max(map(len, values))
    for name, value in values.items():
        shown = f"{value:,.4g}" if isinstance(value, float) else value
        shown = f"{value:,}" if isinstance(value, int) else shown
        print(f"{name:<{width}}  {shown}")
