"""What each subcommand does: call one step of the road and print its result.

arguments  ->  [commands]  ->  every step

Each command imports what it needs when it runs, so that --help and the commands that
use LiteRT alone never load TensorFlow.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from itertools import chain
from typing import Any, TypeVar

from tqdm import tqdm

from albert_tf.runtime.contract import CONTRACT_FILE
from albert_tf.tasks.task import Task, TaskModel

Options = TypeVar("Options")


def demo(arguments: argparse.Namespace) -> None:
    """Runs the whole road on a made-up world."""
    from albert_tf.demo.road import travel

    journey = travel(arguments.out, seed=arguments.seed)
    print(f"\n{journey.answers[0][0].context}\n")
    width = max(len(example.question) for example, _ in journey.answers)
    for example, answer in journey.answers:
        print(f"  {example.question:<{width}}  {answer}")
    print()
    _print_table(journey.report)
    print(f"\nloss curves: {journey.plot}")


def vocab(arguments: argparse.Namespace) -> None:
    """Trains a vocabulary."""
    from albert_tf.examples.documents import read_documents
    from albert_tf.text.vocabulary import train_vocabulary

    documents = read_documents(arguments.input)
    path = train_vocabulary(
        tqdm(chain.from_iterable(documents), desc="reading", unit="sentence"),
        arguments.out,
        vocab_size=arguments.size,
        cased=arguments.cased,
    )
    print(path)


def pretrain(arguments: argparse.Namespace) -> None:
    """Pretrains a model on a corpus."""
    from albert_tf.config import AlbertConfig
    from albert_tf.examples.documents import read_documents
    from albert_tf.text.tokenizer import load_tokenizer
    from albert_tf.training.pretrain import PretrainingOptions
    from albert_tf.training.pretrain import pretrain as train

    tokenizer = load_tokenizer(arguments.vocab)
    config = AlbertConfig.named(arguments.size, vocab_size=tokenizer.vocab_size)
    options = _options(PretrainingOptions(), arguments)
    documents = read_documents(arguments.corpus)
    log = train(documents, tokenizer, config, options, arguments.out, progress=True)
    _print_table(log[-1])


def import_(arguments: argparse.Namespace) -> None:
    """Imports a checkpoint."""
    from albert_tf.models.checkpoints.huggingface import read_checkpoint
    from albert_tf.text.tokenizer import SENTENCEPIECE_FILE, WORDPIECE_FILE, load_tokenizer
    from albert_tf.training.run_folder import claim, finish

    if (arguments.path / SENTENCEPIECE_FILE).exists():
        raise ValueError(
            f"{arguments.path / SENTENCEPIECE_FILE} cannot be imported yet: released ALBERTs lower "
            f"case and strip accents before it, and it does neither. Only {WORDPIECE_FILE} can."
        )
    tokenizer = load_tokenizer(arguments.path)
    model = read_checkpoint(arguments.path)
    backbone: Any = getattr(model, "backbone", model)
    rows = backbone.config.vocab_size
    if tokenizer.vocab_size > rows:
        raise ValueError(
            f"the vocabulary must have at most the {rows} pieces of the model; "
            f"got {tokenizer.vocab_size}. It belongs to another model."
        )
    claim(arguments.out, {"checkpoint": arguments.path})
    model.save_to_preset(str(arguments.out))
    tokenizer.save(arguments.out)
    finish(arguments.out)
    _print_table({"model": type(model).__name__, "parameters": model.count_params()})


def finetune(arguments: argparse.Namespace) -> None:
    """Fine-tunes a pretrained model on a labelled file."""
    from albert_tf.training.finetune import FinetuningOptions
    from albert_tf.training.finetune import finetune as train

    task = _new_task(arguments)
    log = train(
        task,
        arguments.model,
        task.read(arguments.train, arguments.limit),
        task.read(arguments.validation, arguments.validation_limit),
        _options(FinetuningOptions(), arguments),
        arguments.out,
        progress=True,
    )
    _print_table(log[-1])


def export(arguments: argparse.Namespace) -> None:
    """Writes the files for a device."""
    from albert_tf.export.bundle import export as write

    contract = write(arguments.model, arguments.out, arguments.recipe)
    _print_table({
        "file": arguments.out / contract.model.name,
        "bytes": contract.model.bytes,
        "recipe": contract.recipe,
        "largest difference from Keras": f"{contract.parity:.1e}",
    })


def evaluate(arguments: argparse.Namespace) -> None:
    """Scores a model on a labelled file."""
    model = _open(arguments)
    _check_columns(arguments, model.task.name)
    task = _options(model.task, arguments)
    examples = task.read(arguments.data, arguments.limit)
    predictions = [model.predict(example) for example in tqdm(examples, desc="evaluating")]
    scores = task.score(examples, predictions)
    _print_table(scores)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")


def predict(arguments: argparse.Namespace) -> None:
    """Answers one question or labels one text."""
    model = _open(arguments)
    if model.task.name == "classification":
        from albert_tf.tasks.classification import TextExample

        if arguments.text is None:
            raise ValueError("this is a classification model; give it --text.")
        prediction = model.predict(TextExample(arguments.text, arguments.pair))
    else:
        from albert_tf.tasks.squad import QuestionExample

        if arguments.question is None or arguments.context is None:
            raise ValueError(
                "this is a question_answering model; give it --question and --context."
            )
        prediction = model.predict(QuestionExample(arguments.question, arguments.context))
    print(json.dumps(asdict(prediction), ensure_ascii=False))


def _open(arguments: argparse.Namespace) -> TaskModel:
    """Opens an exported folder with LiteRT alone, any other with Keras."""
    if not arguments.model.is_dir():
        raise FileNotFoundError(f"{arguments.model} is not a model folder.")
    if (arguments.model / CONTRACT_FILE).exists():
        from albert_tf.runtime.model import load

        model = load(arguments.model, arguments.threads)
    else:
        from albert_tf.training.evaluate import load as load_keras

        model = load_keras(arguments.model)
    wanted = getattr(arguments, "task", None)
    if wanted not in {None, model.task.name}:
        raise ValueError(f"{arguments.model} was trained for {model.task.name}; got {wanted}.")
    return model


def _new_task(arguments: argparse.Namespace) -> Task:
    if arguments.task == "classification":
        from albert_tf.tasks.classification import ClassificationTask, find_labels

        task = _options(ClassificationTask(), arguments)
        return replace(task, labels=find_labels(task.read(arguments.train, arguments.limit)))
    from albert_tf.tasks.squad import QuestionAnsweringTask

    _check_columns(arguments, arguments.task)
    return _options(QuestionAnsweringTask(), arguments)


def _check_columns(arguments: argparse.Namespace, task_name: str) -> None:
    columns = [name for name in vars(arguments) if name.endswith("_column")]
    given = [name for name in columns if getattr(arguments, name) is not None]
    if given and task_name != "classification":
        raise ValueError(f"a {task_name} file has no columns; got {given}.")


def _options(defaults: Options, arguments: argparse.Namespace) -> Options:
    """Returns `defaults` with every option the user gave."""
    given = {
        field.name: getattr(arguments, field.name)
        for field in fields(defaults)  # type: ignore[arg-type]
        if getattr(arguments, field.name, None) is not None
    }
    return replace(defaults, **given)  # type: ignore[type-var]


def _print_table(values: Mapping[str, Any]) -> None:
    width = max(map(len, values))
    for name, value in values.items():
        shown = f"{value:,.4g}" if isinstance(value, float) else value
        shown = f"{value:,}" if isinstance(value, int) else shown
        print(f"{name:<{width}}  {shown}")
