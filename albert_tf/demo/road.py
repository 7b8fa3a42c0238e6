"""The whole road on the little world: text in, answers from a LiteRT file out.

world  ->  [road.travel: vocabulary, pretraining, fine-tuning, export, runtime]  ->  report.json
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from albert_tf import runtime
from albert_tf.config import AlbertConfig
from albert_tf.demo.world import Question, Story, tell_story
from albert_tf.examples.corpus import CorpusOptions, write_shards
from albert_tf.examples.shards import TokenShards
from albert_tf.export.benchmark import median_latency_ms
from albert_tf.export.bundle import export
from albert_tf.export.drop import Gate
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.tasks.classification import ClassificationTask, find_labels
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import TaskModel
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary import train_vocabulary
from albert_tf.training.evaluate import load as load_keras
from albert_tf.training.finetune import finetune
from albert_tf.training.history_plot import plot_history
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.pretrain import (
    PretrainingOptions,
    evaluate_pretrainer,
    pretrain,
    pretraining_batches,
)

# Each story is read about once in pretraining and asked one question in fine-tuning.
_STORIES = 10_000
_HELD_OUT = 150
_WATCHED = 22  # by which fine-tuning chooses the save it keeps
_PRETRAINING = PretrainingOptions(
    optimizer="adamw",
    learning_rate=1e-3,
    sequence_length=72,
    batch_size=16,
    steps=600,
    warmup_steps=60,
    steps_per_save=60,
)
_FINETUNING = FinetuningOptions(batch_size=16, epochs=1, saves_per_epoch=10, learning_rate=1e-3)
_PARTS = ("train", "validation", "held_out")
_RESULTS = {
    "world", "vocabulary", "examples", "pretrained", "answerer", "float", "int8", "classifier",
    "classifier-int8", "report.json", "history.png",
}  # fmt: skip
_TASK = QuestionAnsweringTask(sequence_length=96, doc_stride=32, max_query_length=16)
_CLASSIFICATION = ClassificationTask(label_column="time", sequence_length=32)
_LABELLED = 500  # stories whose sentences are labelled with their time of day


@dataclass(frozen=True)
class Journey:
    """What came of the road."""

    report: dict[str, float]
    answers: list[tuple[QuestionExample, str]]  # one held-out story, answered by the int8 file
    plot: Path


def travel(out: Path, *, seed: int = 0, progress: bool = True) -> Journey:
    """Goes the whole road and writes `report.json` and `history.png` into `out`.

    What an earlier run left in `out` is replaced.

    Args:
        out: Folder for everything the steps write.
        seed: Seed of the world and of training.
        progress: Whether to show progress bars on stderr.

    Raises:
        FileExistsError: `out` holds something other than an earlier demo.
    """
    began = time.monotonic()
    _clear(out)
    rng = np.random.default_rng(seed)
    stories = [tell_story(rng) for _ in range(_STORIES)]
    held_out = [tell_story(rng) for _ in range(_HELD_OUT)]
    watched = [tell_story(rng) for _ in range(_WATCHED)]
    _write_world(stories, held_out, watched, out / "world")

    tokenizer = _train_vocabulary(stories, out / "vocabulary")
    config = AlbertConfig.named("demo", vocab_size=tokenizer.vocab_size)
    shards = {name: _write_shards(out, name) for name in ("train", "held_out")}
    pretraining_log = pretrain(
        shards["train"], config, replace(_PRETRAINING, seed=seed), out / "pretrained",
        progress=progress,
    )  # fmt: skip
    accuracies = _score_pretraining(out / "pretrained", shards["held_out"])

    training, validation, questions = (_TASK.read(out / "world" / f"{n}.json") for n in _PARTS)
    finetuning = replace(_FINETUNING, seed=seed)
    finetuning_log = finetune(
        _TASK, out / "pretrained", training, validation, finetuning, out / "answerer",
        progress=progress,
    )  # fmt: skip
    gate = Gate(out / "world" / "held_out.json", validation_limit=400)
    contracts = {
        name: export(out / "answerer", out / name, recipe, gate=gate)
        for name, recipe in (("float", "float32"), ("int8", "dynamic_wi8_afp32"))
    }
    models = {
        "keras": load_keras(out / "answerer"),
        "float": runtime.load(out / "float"),
        "int8": runtime.load(out / "int8"),
    }
    scores, answers = _score_answers(models, questions, progress)
    accuracies |= _classify(out, finetuning, progress)
    report = {
        "parameters": _count_parameters(out / "answerer"),
        "float_bytes": contracts["float"].model.bytes,
        "int8_bytes": contracts["int8"].model.bytes,
        **accuracies,
        **{f"exact_match_{name}": score["exact_match"] for name, score in scores.items()},
        **{f"f1_{name}": score["f1"] for name, score in scores.items()},
        "latency_ms": median_latency_ms(models["int8"], questions[:50]),
        "seconds": time.monotonic() - began,
    }
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    plot = out / "history.png"
    plot_history({"pretraining": pretraining_log, "fine-tuning": finetuning_log}, plot)
    return Journey(report, answers, plot)


def _classify(out: Path, options: FinetuningOptions, progress: bool) -> dict[str, float]:
    """Fine-tunes a classifier of sentences, exports it, and scores both files."""
    world, folder, exported = out / "world", out / "classifier", out / "classifier-int8"
    sentences, validation, held_out = (_CLASSIFICATION.read(world / f"{n}.tsv") for n in _PARTS)
    task = replace(_CLASSIFICATION, labels=find_labels(sentences))
    finetune(task, out / "pretrained", sentences, validation, options, folder, progress=progress)
    export(folder, exported, "dynamic_wi8_afp32", gate=Gate(world / "held_out.tsv"))
    models = {"keras": load_keras(folder), "int8": runtime.load(exported)}
    scores = {name: _score(model, held_out, progress)[0] for name, model in models.items()}
    return {f"time_of_day_{name}": score["accuracy"] for name, score in scores.items()}


def _clear(out: Path) -> None:
    """Removes an earlier demo, which began with its world; others may call models as it does."""
    if out.exists():
        names = {path.name for path in out.iterdir()} if out.is_dir() else {out.name}
        if names and not ("world" in names and names <= _RESULTS):
            raise FileExistsError(f"{out} holds something other than a demo; choose another.")
        shutil.rmtree(out)


def _write_world(
    stories: Sequence[Story], held_out: Sequence[Story], watched: Sequence[Story], folder: Path
) -> None:
    """Writes the corpus, questions and labelled sentences, as a user would bring them."""
    folder.mkdir(parents=True)
    for name, told in (("train", stories), ("held_out", held_out)):
        documents = ("\n".join(story.sentences) + "\n" for story in told)
        (folder / f"{name}.txt").write_text("\n".join(documents), encoding="utf-8")
    train = [
        _article(number, story, [story.questions[number % len(story.questions)]])
        for number, story in enumerate(stories)
    ]
    validation, test = (
        [_article(number, story, story.questions) for number, story in enumerate(told)]
        for told in (watched, held_out)
    )
    for name, told in zip(_PARTS, (stories[:_LABELLED], watched, held_out), strict=True):
        rows = ["text\ttime", *(f"{text}\t{time}" for story in told for text, time in story.times)]
        (folder / f"{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for name, articles in zip(_PARTS, (train, validation, test), strict=True):
        content = {"version": "1.1", "data": articles}
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _article(place: int, story: Story, asked: Sequence[Question]) -> dict[str, Any]:
    """One story and questions on it in the layout of SQuAD, with ids of their own."""
    questions = [
        {
            "id": f"{place}-{number}",
            "question": question.text,
            "answers": [{"text": question.answer, "answer_start": question.answer_start}],
        }
        for number, question in enumerate(asked)
    ]
    return {"title": "", "paragraphs": [{"context": story.passage, "qas": questions}]}


def _train_vocabulary(stories: Sequence[Story], folder: Path) -> Tokenizer:
    lines = [line for story in stories for line in story.sentences]
    lines += [question.text for story in stories for question in story.questions]
    # SentencePiece only considers pieces that two different words share; in a language of
    # a hundred words few are, so each is also shown on its own.
    words = sorted({word.strip(".?") for line in lines for word in line.split()})
    train_vocabulary([*lines, *(f"{word}." for word in words)], folder, vocab_size=400)
    return load_tokenizer(folder)


def _write_shards(out: Path, name: str) -> TokenShards:
    corpus, folder = out / "world" / f"{name}.txt", out / "examples" / name
    write_shards([corpus], out / "vocabulary", folder, CorpusOptions(sentences="lines"), workers=1)
    return TokenShards(folder)


def _score_pretraining(folder: Path, held_out: TokenShards) -> dict[str, float]:
    """MLM and SOP accuracy on stories the model has not read."""
    model = AlbertPretrainer.from_preset(str(folder), compile=False)
    model.compile()
    make_batch = pretraining_batches(held_out, _PRETRAINING)
    return evaluate_pretrainer(model, make_batch, _HELD_OUT // _PRETRAINING.batch_size)


def _score_answers(
    models: dict[str, TaskModel], questions: Sequence[QuestionExample], progress: bool
) -> tuple[dict[str, dict[str, float]], list[tuple[QuestionExample, str]]]:
    """Scores of each model on all questions, and what the last one answers on one passage."""
    scores, answers = {}, []
    for name, model in models.items():
        scores[name], predictions = _score(model, questions, progress)
        answers = [prediction.text for prediction in predictions]
    answered = zip(questions, answers, strict=True)
    return scores, [pair for pair in answered if pair[0].context == questions[0].context]


def _score(
    model: TaskModel, examples: Sequence[Any], progress: bool
) -> tuple[dict[str, float], list[Any]]:
    """Scores of a model on examples, and its answers."""
    found = model.predict_all(examples)
    predictions = list(tqdm(found, "answering", len(examples), disable=not progress))
    return model.task.score(examples, predictions), predictions


def _count_parameters(folder: Path) -> int:
    metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    return int(metadata["parameter_count"])
