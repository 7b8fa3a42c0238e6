"""Answers a file of any length into a file of JSON lines, and goes on where it was stopped.

examples of a file, task.TaskModel  ->  [predict_file.predict_file]  ->  predictions.jsonl
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from albert_tf.json_file import read_json_object, write_json_object
from albert_tf.tasks.task import TaskModel, task_to_dict


def predict_file(
    model: TaskModel, source: Path, out: Path, *, model_name: str, progress: bool = False
) -> int:
    """Writes a line of JSON for every example of a file, in its order.

    The file is read once beforehand, so that a bad row is met now and not after hours.
    Predictions gather in `OUT.part`, which becomes `OUT` at the end; called again after it was
    stopped, the work goes on there, to the same file as without the stop.

    Args:
        model: What answers.
        source: Examples, with labels or without, in the layout the task reads.
        out: Receives `row`, counted from 1, and the fields of the prediction.
        model_name: What tells the model from others; another is not continued with.
        progress: Whether to show bars on stderr.

    Returns:
        How many examples there are.

    Raises:
        FileExistsError: `out` exists.
        FileNotFoundError: no such source.
        ValueError: a bad row, or `OUT.part` belongs to other work.
        OSError: the disk is full; what was written is kept and continued.
    """
    if out.exists():
        raise FileExistsError(f"{out} exists; choose another file.")
    out.parent.mkdir(parents=True, exist_ok=True)
    part, note = (out.with_name(f"{out.name}.{end}") for end in ("part", "part.json"))
    shown = tqdm(model.task.stream(source), "reading", unit=" rows", disable=not progress)
    total = sum(1 for _ in shown)
    task = json.loads(json.dumps(task_to_dict(model.task)))  # as it is read again
    _claim(note, part, {
        "model": model_name, "task": task, "source": source.name,
        "source_content": _checksum(source),
    })  # fmt: skip
    with part.open("a+b") as file, tqdm(
        total=total, desc="predicting", unit=" rows", disable=not progress
    ) as bar:  # fmt: skip
        done = _whole_pools(file, model.pool)
        bar.update(done)
        rest = islice(model.task.stream(source), done, None)
        for row, prediction in enumerate(model.predict_all(rest), start=done + 1):
            line = {"row": row, **asdict(prediction)}
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            bar.update()
        file.flush()
        os.fsync(file.fileno())
    part.replace(out)
    note.unlink()
    return total


def _claim(note: Path, part: Path, settings: dict[str, Any]) -> None:
    """Sees that what is there belongs to the same work, or begins it."""
    if note.exists():
        before = read_json_object(note)
        changed = [name for name in settings if before.get(name) != settings[name]]
        if changed:
            raise ValueError(
                f"{note} belongs to other work: its {changed[0]} was "
                f"{before.get(changed[0])!r}, not {settings[changed[0]]!r}. Remove it and "
                f"{part.name}, or choose another file."
            )
    else:
        part.unlink(missing_ok=True)
        write_json_object(note, settings)


def _whole_pools(file: Any, pool: int) -> int:
    """Cuts a file of lines to whole pools, and returns how many lines are left.

    Examples of a pool share batches, whose company decides the last digits of a number.
    """
    file.seek(0)
    ends, kept, lines = 0, 0, 0
    for number, line in enumerate(_whole_lines(file), start=1):
        ends += len(line)
        if number % pool == 0:
            kept, lines = ends, number
    file.truncate(kept)
    file.seek(0, os.SEEK_END)
    return lines


def _whole_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in file if line.endswith(b"\n"))


def _checksum(source: Path) -> str:
    """Of a file, or of the names and files of a folder."""
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    whole = hashlib.sha256()
    for path in filter(Path.is_file, files):
        whole.update(path.relative_to(source).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
