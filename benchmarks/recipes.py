"""Exports one fine-tuned model by every recipe, and shows what each costs and saves.

    python benchmarks/recipes.py runs/classifier test.tsv --calibration train.tsv --out runs/recipes

Each export is the command a user would give, and so is its score; sizes and the error of the last
hidden states are those of its report, of the first eight rows. Every file answers the same labelled
rows; what is lost is lost to `float32`. A run that was stopped goes on where it was.

How to read it: a score of N rows moves by 100/N points when one answer changes; a drop of less than
about twice 100 * sqrt(changed) / N says nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from result_folder import claim
from tqdm import tqdm

from albert_tf.export.drop import BARS
from albert_tf.export.recipes import FLOAT_RECIPE, INTEGER_RECIPES, RECIPES

SHOWN = 8  # rows of the error by depth


def measure(recipe: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The report of one export, with its score; what is there is not made again."""
    folder, scores = asked.out / recipe, asked.out / f"{recipe}.json"
    if not (folder / "report.json").exists():
        command = ["export", asked.model, "--recipe", recipe, "--validation", asked.data,
                   "--validation-limit", SHOWN, "--accept-drop", 100, "--out", folder]  # fmt: skip
        if recipe in INTEGER_RECIPES:
            command += ["--calibration", asked.calibration]
        run(command)
    if not scores.exists():
        run(["evaluate", folder, "--data", asked.data, "--limit", asked.limit, "--json", scores])
    report = json.loads((folder / "report.json").read_text())
    metric = report["score"]["metric"]
    return report | {"score": {"metric": metric, "value": json.loads(scores.read_text())[metric]}}


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
    claim(asked.out, asked.model, asked.data, asked.calibration, asked.limit)
    reports = [measure(recipe, asked) for recipe in tqdm(asked.recipes, unit="recipe")]
    (whole,) = (report["score"]["value"] for report in reports if report["recipe"] == FLOAT_RECIPE)
    print(
        f"| recipe | bytes | {reports[0]['score']['metric']} | lost | accepted | error of states |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for report in reports:
        score, errors = report["score"], report["error_by_depth"]
        score["drop"] = whole - score["value"]
        error = f"{errors[-1]:.2%}" if errors else ""
        print(
            f"| {report['recipe']} | {report['files'][0]['bytes']:,} | {score['value']:.2f} | "
            f"{score['drop']:.2f} | {BARS[report['recipe']]} | {error} |"
        )
    (asked.out / "recipes.json").write_text(json.dumps(reports, indent=2) + "\n")
    draw(reports, asked.out / "recipes.png")


if __name__ == "__main__":
    main()
