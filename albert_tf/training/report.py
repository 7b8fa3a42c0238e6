"""What a finished fine-tuning run leaves to be read: answers, scores, pictures and a card.

finetune  ->  [report.write_report]  ->  predictions.jsonl, scores.json, *.png, README.md
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from albert_tf.json_file import write_json_object
from albert_tf.tasks.classification import ClassPrediction
from albert_tf.tasks.squad import AnswerPrediction
from albert_tf.training.answer_plots import plot_confusion, plot_f1_by_length
from albert_tf.training.model_card import Run, model_card

PREDICTIONS_FILE = "predictions.jsonl"
SCORES_FILE = "scores.json"
CARD_FILE = "README.md"


def write_report(
    run: Run, examples: Sequence[Any], predictions: Sequence[Any], directory: Path
) -> None:
    """Writes how the best model of a run answers the validation examples.

    Args:
        run: What was done.
        examples: Those of validation.
        predictions: Its answer to each.
        directory: Receives the files.
    """
    scores = run.task.score(examples, predictions)
    write_json_object(directory / SCORES_FILE, {"step": run.best["step"], **scores})
    lines = (
        json.dumps({"expected": example.expected, **asdict(prediction)}, ensure_ascii=False)
        for example, prediction in zip(examples, predictions, strict=True)
    )
    text = "".join(f"{line}\n" for line in lines)
    (directory / PREDICTIONS_FILE).write_text(text, encoding="utf-8")
    picture = _plot(examples, predictions, directory)
    card = model_card(run, scores, directory.name, picture)
    (directory / CARD_FILE).write_text(card, encoding="utf-8")


def _plot(examples: Sequence[Any], predictions: Sequence[Any], directory: Path) -> str | None:
    """Draws what suits the kind of answer, and returns the name of the picture."""
    if isinstance(predictions[0], ClassPrediction):
        name = "confusion.png"
        plot_confusion(examples, predictions, directory / name)
        return name
    if isinstance(predictions[0], AnswerPrediction):
        name = "f1_by_length.png"
        plot_f1_by_length(examples, predictions, directory / name)
        return name
    return None
