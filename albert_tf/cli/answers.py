"""What a finished model says of a file or of one text, and how right it is.

commands  ->  [answers.evaluate, answers.predict]  ->  runtime.model or training.evaluate
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from albert_tf.cli.options import given_options, spelled
from albert_tf.cli.output import print_table, write_json
from albert_tf.cli.tasks import COLUMNS, check_columns
from albert_tf.runtime.contract import CONTRACT_FILE, Contract, FileRecord
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.named import read_as
from albert_tf.tasks.race import ChoiceExample
from albert_tf.tasks.regression import ScoredExample
from albert_tf.tasks.squad import QuestionExample
from albert_tf.tasks.submission import submission_path, write_submission
from albert_tf.tasks.task import TaskModel

_TEXTS = ("text", "pair", "question", "context", "option")


def evaluate(arguments: argparse.Namespace) -> None:
    """Scores a model on a labelled file, or on held-out examples."""
    scores = _score_pretrained(arguments) if arguments.examples else _score(arguments)
    print_table(scores)
    if arguments.json:
        write_json(scores, arguments.json)


def predict(arguments: argparse.Namespace) -> None:
    """Answers one question, labels one text, or does so for a whole file."""
    model = _open(arguments)
    if arguments.input or arguments.out or arguments.submission:
        _check_file(arguments)
        write = _submit if arguments.submission else _predict_file
        print_table(write(model, arguments))
        return
    columns = spelled(arguments, COLUMNS)
    if columns:
        raise ValueError(f"{columns[0]} is for --input; a text alone has no columns.")
    prediction = model.predict(_example(model.task.name, arguments))
    print(json.dumps(asdict(prediction), ensure_ascii=False))


def _score(arguments: argparse.Namespace) -> dict[str, float]:
    model = _open(arguments)
    examples = model.task.read(arguments.data, arguments.limit)
    return model.task.score(examples, _answers(model, examples, "evaluating"))


def _answers(model: TaskModel, examples: list[Any], caption: str) -> list[Any]:
    """What a model says of each example, behind a bar on stderr."""
    return list(tqdm(model.predict_all(examples), caption, len(examples)))


def _score_pretrained(arguments: argparse.Namespace) -> dict[str, float]:
    from albert_tf.examples.shards import TokenShards
    from albert_tf.training.evaluate import score_pretrained

    given = spelled(arguments, ("task", *COLUMNS))
    if given:
        raise ValueError(f"{given[0]} is for --data; examples of pretraining have none.")
    limit = {} if arguments.limit is None else {"limit": arguments.limit}
    return score_pretrained(arguments.model, TokenShards(arguments.examples), **limit)


def _example(family: str, arguments: argparse.Namespace) -> Any:
    """The one example that the options describe."""
    if family in {"classification", "regression", "embeddings", "masked_lm"}:
        _require(family, arguments, "text", others=("pair",))
        kind = ScoredExample if family == "regression" else TextExample
        return kind(arguments.text, arguments.pair)
    if family == "multiple_choice":
        _require(family, arguments, "question", "context", "option")
        return ChoiceExample(arguments.context, arguments.question, tuple(arguments.option))
    _require(family, arguments, "question", "context")
    return QuestionExample(arguments.question, arguments.context)


def _require(
    family: str, arguments: argparse.Namespace, *names: str, others: tuple[str, ...] = ()
) -> None:
    """Sees that the texts of a family are given, and none of another."""
    if any(getattr(arguments, name) is None for name in names):
        *first, last = (f"--{name}" for name in names)
        options = f"{', '.join(first)} and {last}" if first else last
        raise ValueError(f"this is a {family} model; give it {options}.")
    foreign = spelled(arguments, [name for name in _TEXTS if name not in {*names, *others}])
    if foreign:
        raise ValueError(f"this is a {family} model, which reads no {', '.join(foreign)}.")


def _check_file(arguments: argparse.Namespace) -> None:
    texts = any(getattr(arguments, name) is not None for name in _TEXTS)
    if not arguments.input or texts or bool(arguments.out) == bool(arguments.submission):
        raise ValueError(
            "a file is answered by --input with either --out or --submission, and no other text "
            "beside it."
        )


def _submit(model: TaskModel, arguments: argparse.Namespace) -> dict[str, Any]:
    """Answers every example of an official file as its benchmark wants it."""
    examples = list(model.task.stream(arguments.input))
    submission_path(model.task, examples, arguments.submission)
    predictions = _answers(model, examples, "predicting")
    path = write_submission(model.task, examples, predictions, arguments.submission)
    return {"file": path, "examples": len(examples)}


def _predict_file(model: TaskModel, arguments: argparse.Namespace) -> dict[str, Any]:
    """Answers every example of a file."""
    from albert_tf.tasks.predict_file import predict_file

    count = predict_file(
        model, arguments.input, arguments.out,
        model_name=_checksum(model, arguments.model), progress=True,
    )  # fmt: skip
    return {"file": arguments.out, "examples": count}


def _checksum(model: TaskModel, folder: Path) -> str:
    """Of the weights: an export says it, and has it compared."""
    contract: Contract | None = getattr(model, "contract", None)
    if contract is not None:
        return contract.model.sha256
    names = ("task.weights.h5", "model.weights.h5")
    weights = next(folder / name for name in names if (folder / name).exists())
    return FileRecord.of(weights).sha256


def _open(arguments: argparse.Namespace) -> TaskModel:
    """Opens an exported folder with LiteRT alone, any other with Keras; reads what is asked."""
    if not arguments.model.is_dir():
        raise FileNotFoundError(f"{arguments.model} is not a model folder.")
    if (arguments.model / CONTRACT_FILE).exists():
        from albert_tf.runtime.model import load

        model: TaskModel = load(arguments.model, arguments.threads)
    else:
        from albert_tf.training.evaluate import load as load_keras

        model = load_keras(arguments.model)
    task = read_as(model.task, arguments.task) if arguments.task else model.task
    check_columns(arguments, task, arguments.task or task.name)
    return replace(model, task=given_options(task, arguments))
