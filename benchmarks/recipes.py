"""Exports one fine-tuned model by every recipe, and shows what each costs and saves.

    python benchmarks/recipes.py runs/classifier test.tsv --calibration train.tsv --out runs/recipes

Each export is the command a user would give; sizes and the error of the last hidden states are
those of its report, of the first eight rows. Every file answers the same labelled rows; what is
lost is lost to `float32`. A run that was stopped goes on where it was, and one with a larger limit
from the rows that are answered.

How to read it: beside what is lost stands its standard error, over the rows, where the score is a
mean of theirs; less than twice that says nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from matplotlib.figure import Figure
from result_folder import claim
from tqdm import tqdm

from albert_tf.export.drop import BARS
from albert_tf.export.recipes import FLOAT_RECIPE, INTEGER_RECIPES, RECIPES
from albert_tf.runtime import EdgeModel, load

SHOWN = 8  # rows of the error by depth


def measure(recipe: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The report of one export, with its score; what is there is not made again."""
    folder = asked.out / recipe
    if not (folder / "report.json").exists():
        command = ["export", asked.model, "--recipe", recipe, "--validation", asked.data,
                   "--validation-limit", SHOWN, "--accept-drop", 100, "--out", folder]  # fmt: skip
        if recipe in INTEGER_RECIPES:
            command += ["--calibration", asked.calibration]
        run(command)
    report = json.loads((folder / "report.json").read_text())
    return report | {"score": score(folder, asked)}


def score(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The score of a file on all rows, and on each."""
    model = load(folder)
    task = model.task
    examples = task.read(asked.data, asked.limit)
    kept = f"{folder.name}-{model.contract.model.sha256[:8]}.jsonl"
    found = answers(model, examples, folder.with_name(kept))
    alone = [
        task.score([row], [answer])[task.metric]
        for row, answer in zip(examples, found, strict=True)
    ]
    whole = task.score(examples, found)[task.metric]
    return {"metric": task.metric, "value": whole, "rows": alone}


def answers(model: EdgeModel, examples: list[Any], path: Path) -> list[Any]:
    """The answer to each example; those in the file, a line each, are not asked for again."""
    kind = get_type_hints(type(model.task).decode)["return"]
    with path.open("a+", encoding="ascii") as file:
        file.seek(0)
        lines = [line for line in file if line.endswith("\n")]
        file.truncate(sum(map(len, lines)))
        with tqdm(total=len(examples), initial=len(lines), desc=path.stem, leave=False) as bar:
            for found in model.predict_all(examples[len(lines) :]):
                lines.append(json.dumps(asdict(found)) + "\n")
                file.write(lines[-1])
                bar.update()
    return [kind(**json.loads(line)) for line in lines[: len(examples)]]


def standard_error(whole: dict[str, Any], less: dict[str, Any]) -> float | None:
    """Of the difference of two scores of the same rows; None where they are no means."""
    rows = np.subtract(whole["rows"], less["rows"])
    if not np.isclose(rows.mean(), whole["value"] - less["value"], atol=1e-6):
        return None
    return float(rows.std() / len(rows) ** 0.5)


def run(command: list[Any]) -> None:
    """A command of albert-tf; its errors are shown where it fails."""
    finished = subprocess.run(
        [sys.executable, "-m", "albert_tf", *map(str, command)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip
    if finished.returncode:
        raise SystemExit(finished.stderr)


def draw(reports: list[dict[str, Any]], path: Path) -> None:
    """Sizes beside drops, with the bar of each recipe."""
    names = [report["recipe"] for report in reports]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.barh(names, [report["files"][0]["bytes"] / 1e6 for report in reports])
    left.set(xlabel="MB")
    left.invert_yaxis()
    right.barh(names, [report["score"]["drop"] for report in reports])
    right.plot([BARS[name] for name in names], names, "k|", markersize=18, label="accepted")
    right.set(xlabel=f"points of {reports[0]['score']['metric']} lost")
    right.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Exports by every recipe, prints the table in Markdown and draws it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a fine-tuned model")
    parser.add_argument("data", type=Path, help="labelled file")
    parser.add_argument("--calibration", type=Path, required=True, help="file of training")
    parser.add_argument("--limit", type=int, default=2000, help="rows of data (default 2000)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the exports")
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="NAME",
        help=f"{FLOAT_RECIPE} and others of {', '.join(RECIPES)} (default all)",
    )  # fmt: skip
    asked = parser.parse_args()
    if FLOAT_RECIPE not in asked.recipes:
        parser.error(f"--recipes must have {FLOAT_RECIPE}, to which the others lose.")
    claim(asked.out, asked.model, asked.data, asked.calibration)
    reports = [measure(recipe, asked) for recipe in tqdm(asked.recipes, unit="recipe")]
    (whole,) = (report["score"] for report in reports if report["recipe"] == FLOAT_RECIPE)
    print(
        f"| recipe | bytes | {reports[0]['score']['metric']} | lost | accepted | error of states |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for report in reports:
        found, errors = report["score"], report["error_by_depth"]
        found["drop"] = whole["value"] - found["value"]
        found["standard_error"] = standard_error(whole, found)
        spread = f" ± {found['standard_error']:.2f}" if found["standard_error"] else ""
        error = f"{errors[-1]:.2%}" if errors else ""
        print(
            f"| {report['recipe']} | {report['files'][0]['bytes']:,} | {found['value']:.2f} | "
            f"{found['drop']:.2f}{spread} | {BARS[report['recipe']]} | {error} |"
        )
    for report in reports:
        del report["score"]["rows"]
    (asked.out / "recipes.json").write_text(json.dumps(reports, indent=2) + "\n")
    draw(reports, asked.out / "recipes.png")


if __name__ == "__main__":
    main()
