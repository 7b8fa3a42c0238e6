"""Predictions in the form that a benchmark's own scorer takes.

examples, predictions  ->  [submission.write_submission]  ->  CoLA.tsv, predictions.json, ...

Source: the submission format of gluebenchmark.com; the official SQuAD evaluation script.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.glue import find_dataset
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import STSB_RANGE, RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.tasks.texts import TABLE


def submission_path(task: Task, examples: Sequence[Any], folder: Path) -> Path:
    """The file that a submission becomes, once all is seen that could refuse it.

    Args:
        task: Of a dataset of GLUE, of SQuAD, or of RACE.
        examples: As the task read them.
        folder: Made if absent.

    Raises:
        FileExistsError: there is a submission already.
        ValueError: the task is of no benchmark, there are no examples, an example has no
            identifier, or two have the same.
    """
    name, _ = _form(task)
    if not examples:
        raise ValueError("examples must hold at least one; got none.")
    _check([example.identifier for example in examples])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.exists():
        raise FileExistsError(f"{path} exists; choose another folder.")
    return path


def write_submission(
    task: Task, examples: Sequence[Any], predictions: Sequence[Any], folder: Path
) -> Path:
    """Writes the predictions of a whole file of a benchmark.

    GLUE takes a table of `index` and `prediction`, labels by their official names and the
    numbers of STS-B with three decimals, from 0 to 5. SQuAD takes a JSON object of texts by
    identifier. RACE has no scorer of its own: a line is the question and the letter.

    Args:
        task: Of a dataset of GLUE, of SQuAD, or of RACE.
        examples: As the task read them.
        predictions: As the task decoded them, in the same order.
        folder: Made if absent; the file in it is named as the benchmark wants it.

    Returns:
        The file.

    Raises:
        FileExistsError: as in `submission_path`.
        ValueError: as there, or there are not as many predictions as examples.
    """
    if len(examples) != len(predictions):
        raise ValueError(
            f"examples and predictions must have equal length; got {len(examples)} and "
            f"{len(predictions)}."
        )
    path = submission_path(task, examples, folder)
    _, text = _form(task)
    identifiers = [example.identifier for example in examples]
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text(identifiers, predictions), encoding="utf-8")
    partial.replace(path)
    return path


def _form(task: Task) -> tuple[str, Callable[[list[str], Sequence[Any]], str]]:
    """The name of the file, and what makes its text."""
    if isinstance(task, QuestionAnsweringTask):
        return "predictions.json", _squad
    if isinstance(task, MultipleChoiceTask):
        return "race.txt", _race
    if isinstance(task, ClassificationTask | RegressionTask) and task.dataset != TABLE:
        return find_dataset(task.dataset).submission, _glue
    raise ValueError(f"a {task.name} of one's own is no benchmark; there is nothing to submit.")


def _check(identifiers: Sequence[str | None]) -> None:
    for number, identifier in enumerate(identifiers, start=1):
        if not identifier:
            raise ValueError(f"example {number} has no identifier; read it from an official file.")
    identifier, count = Counter(identifiers).most_common(1)[0]
    if count > 1:
        raise ValueError(f"identifiers must differ; {count} examples have {identifier!r}.")


def _glue(identifiers: list[str], predictions: Sequence[Any]) -> str:
    rows = [
        f"{name}\t{_value(found)}" for name, found in zip(identifiers, predictions, strict=True)
    ]
    return "\n".join(["index\tprediction", *rows]) + "\n"


def _value(prediction: Any) -> str:
    if hasattr(prediction, "label"):
        return str(prediction.label)
    low, high = STSB_RANGE
    return f"{min(max(prediction.score, low), high):.3f}"


def _race(identifiers: list[str], predictions: Sequence[Any]) -> str:
    pairs = zip(identifiers, predictions, strict=True)
    return "".join(f"{name} {prediction.label}\n" for name, prediction in pairs)


def _squad(identifiers: list[str], predictions: Sequence[Any]) -> str:
    texts = {name: found.text for name, found in zip(identifiers, predictions, strict=True)}
    return json.dumps(texts, ensure_ascii=False, indent=1) + "\n"
