"""The page that explains a fine-tuned model to whoever finds its folder.

finetune  ->  [model_card.model_card]  ->  README.md

Source: huggingface.co/docs/hub/model-cards for the front matter, which its site reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from albert_tf.tasks.task import Task, task_to_dict
from albert_tf.training.options import FinetuningOptions
from albert_tf.version import __version__

# What the site calls the kinds of task.
_PIPELINES = {
    "classification": "text-classification",
    "regression": "text-classification",
    "question_answering": "question-answering",
    "multiple_choice": "multiple-choice",
}
_PACKAGES = ("keras", "keras-hub", "tensorflow", "numpy", "sentencepiece")
_PICTURES = {
    "confusion.png": "True and predicted labels",
    "f1_by_length.png": "F1 by length of the answer",
}
_UNKNOWN = (
    "The language of the data and the licenses of the data and of the pretrained model were not "
    "recorded, so the license of this model is unknown. Whoever publishes it should state them."
)
_HOW_SCORED = (
    "On the validation examples, after step {step:,}, which scored best of all saves in {metric}. "
    "A score that chose a model is a little too good; one on examples that were never looked at "
    "is fairer."
)


@dataclass(frozen=True)
class Run:
    """What a fine-tuning run was."""

    task: Task
    model_name: str  # of the folder it began with
    options: FinetuningOptions
    files: dict[str, Path]  # by what they were for
    training_examples: int
    best: dict[str, float]  # the entry of the log whose weights were saved


def model_card(run: Run, scores: Mapping[str, float], name: str, picture: str | None) -> str:
    """Returns the card of a model, in Markdown with front matter.

    It names files, never folders, and says of what nobody recorded that nobody did.

    Args:
        run: What was done.
        scores: Of the model on the validation examples, in percent, and `examples`.
        name: Of the model.
        picture: File name of a picture of its answers; None where there is none.
    """
    kind = run.task.name.replace("_", " ")
    pictures = ["![Losses and scores while training](history.png)"]
    pictures += [f"![{_PICTURES[picture]}]({picture})"] if picture else []
    parts = [
        f"---\n{_front_matter(run, scores, name)}\n---",
        f"# {name}",
        f"An ALBERT model for {kind}, fine-tuned from `{run.model_name}` with albert_tf.",
        "## Data",
        _data(run, int(scores["examples"])),
        _UNKNOWN,
        "## Scores",
        _HOW_SCORED.format(step=int(run.best["step"]), metric=run.task.metric),
        _table(("score", "percent"), _scores(scores)),
        *pictures,
        "Every answer is in `predictions.jsonl`, the log of the run in `metrics.jsonl`.",
        "## Settings",
        _table(("setting", "value"), _settings(run)),
        "## How to use",
        _usage(name),
        "## Versions",
        _table(("package", "version"), {"albert_tf": __version__} | {
            package: version(package) for package in _PACKAGES
        }),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _front_matter(run: Run, scores: Mapping[str, float], name: str) -> str:
    """The part that the site reads, as YAML."""
    pipeline = _PIPELINES.get(run.task.name)
    file = run.files.get("validation")
    results = [
        EvalResult(
            task_type=pipeline or run.task.name,
            dataset_type=file.stem if file else "unknown",
            dataset_name=file.name if file else "unknown",
            dataset_split="validation",
            metric_type=score,
            metric_value=round(value, 2),
        )
        for score, value in _scores(scores).items()
    ]
    card = ModelCardData(
        model_name=name,
        license="unknown",
        library_name="keras-hub",
        pipeline_tag=pipeline,
        tags=["albert", "albert_tf", run.task.name],
        metrics=list(_scores(scores)),
        eval_results=results,
    )
    return str(card.to_yaml())


def _scores(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if name != "examples"}


def _settings(run: Run) -> dict[str, Any]:
    """What was decided; what was left open is not listed."""
    settings = {**task_to_dict(run.task), **run.options.identity()}
    if run.options.steps is not None:
        del settings["epochs"]
    if run.options.warmup_steps is not None:
        del settings["warmup_share"]
    return {name: value for name, value in settings.items() if value is not None}


def _data(run: Run, validated: int) -> str:
    counts = {"training": run.training_examples, "validation": validated}
    rows = [
        f"| {use} | {run.files[use].name if use in run.files else 'not recorded'} | {count:,} |"
        for use, count in counts.items()
    ]
    return "\n".join(["| used for | file | examples |", "| --- | --- | ---: |", *rows])


def _table(head: tuple[str, str], rows: Mapping[str, Any]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    for name, value in rows.items():
        shown = f"{value:.2f}" if head[1] == "percent" else str(value).replace("|", "\\|")
        lines.append(f"| {name} | {shown} |")
    return "\n".join(lines)


def _usage(name: str) -> str:
    return (
        f"```sh\nalbert-tf evaluate {name} --data FILE\nalbert-tf export {name} --out FOLDER\n"
        f"```\n\n```python\nfrom albert_tf.training.evaluate import load\n\n"
        f'model = load("{name}")\nexample = next(iter(model.task.stream("FILE")))\n'
        f"print(model.predict(example))\n```"
    )
