"""Takes tasks of the paper from their published files to a LiteRT file, on slices.

    python benchmarks/tasks.py runs/pretrained --out runs/tasks \
        sst2=SST-2/train.tsv,SST-2/dev.tsv squad2=dev-v2.0.json,dev-v2.0.json race=train,dev

Every task is fine-tuned on the first rows of its training file, exported with 8-bit weights, and
scored on the first rows of the other file by Keras and by LiteRT, all by the commands a user would
give.

How to read it: this shows that the road is open for each task. The scores are those of a small
model after a few steps, near chance, and say nothing about ALBERT; where one file was given twice,
they are not even of held-out rows. What they may show is a difference between Keras and LiteRT.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from result_folder import claim
from tqdm import tqdm

from albert_tf.tasks.named import find_task, task_names
from albert_tf.training.run_folder import is_finished


def albert_tf(*arguments: object) -> None:
    """Runs a command, and shows what it said where it fails."""
    command = [sys.executable, "-m", "albert_tf", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)}\n{finished.stderr}")


def travel(name: str, files: list[Path], asked: argparse.Namespace) -> dict[str, Any]:
    """One task from its files to its scores; returns a row of the table."""
    train, validation = files
    folder = asked.out / name
    claim(folder, asked.model, *files, asked.limit, asked.sequence_length)
    done = folder / "row.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    began = time.perf_counter()
    room = ["--max-qa-length", asked.sequence_length // 4] if name == "race" else []
    if not is_finished(folder / "model"):
        albert_tf(
            "finetune", "--task", name, "--recipe", "plain", "--model", asked.model,
            "--train", train, "--validation", validation, "--limit", asked.limit,
            "--validation-limit", asked.limit, "--epochs", 1, "--learning-rate", 1e-3,
            "--sequence-length", asked.sequence_length, *room, "--out", folder / "model",
        )  # fmt: skip
    albert_tf("export", folder / "model", "--accept-drop", 100, "--out", folder / "int8")
    scores = {}
    for kind in ("model", "int8"):
        path = folder / f"{kind}.json"
        albert_tf("evaluate", folder / kind, "--task", name, "--data", validation,
                  "--limit", asked.limit, "--json", path)  # fmt: skip
        scores[kind] = json.loads(path.read_text())[find_task(name).metric]
    row = {"task": name, "seconds": time.perf_counter() - began, **scores}
    done.write_text(json.dumps(row) + "\n")
    return row


def pair(text: str) -> tuple[str, list[Path]]:
    """The name of a task and its two files, as they are asked for."""
    name, _, files = text.partition("=")
    if name not in task_names() or files.count(",") != 1:
        raise argparse.ArgumentTypeError(f"must be TASK=TRAIN,VALIDATION; got {text}")
    return name, list(map(Path, files.split(",")))


def main() -> None:
    """Takes every task, and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a pretrained model")
    parser.add_argument("tasks", nargs="+", metavar="TASK=TRAIN,VALIDATION", type=pair)
    parser.add_argument("--out", type=Path, required=True, help="folder for models")
    parser.add_argument("--limit", type=int, default=256, help="rows of a file (default 256)")
    parser.add_argument("--sequence-length", type=int, default=128, help="(default 128)")
    asked = parser.parse_args()
    rows = [travel(name, files, asked) for name, files in tqdm(asked.tasks, unit="task")]
    print(f"\n{'task':8} {'metric':14} {'Keras':>7} {'LiteRT int8':>12} {'seconds':>8}")
    for row in rows:
        metric = find_task(row["task"]).metric
        print(
            f"{row['task']:8} {metric:14} {row['model']:7.2f} {row['int8']:12.2f} "
            f"{row['seconds']:8.0f}"
        )


if __name__ == "__main__":
    main()
