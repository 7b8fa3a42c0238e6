"""Every family is fine-tuned and opened again; a run that cannot work leaves no mark."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.saved import load_backbone
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.race import ChoiceExample, MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask, ScoredExample
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.evaluate import load
from albert_tf.training.finetune import _starting_model, finetune
from albert_tf.training.options import FinetuningOptions

CONTEXT = "At dawn Mina was in the kitchen."
EXAMPLES = [QuestionExample("Where?", CONTEXT, ("kitchen",), CONTEXT.index("kitchen"))]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """A folder with a random backbone of 29 positions and its vocabulary."""
    folder = tmp_path_factory.mktemp("pretrained")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=7, hidden_size=10, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=13, max_position_embeddings=29,
        initializer_range=0.3,
    )  # fmt: skip
    AlbertBackbone(config).save_to_preset(str(folder))
    tokenizer.save(folder)
    return folder


def refuse(pretrained: Path, out: Path, words: str, **changes: object) -> None:
    arguments = {
        "task": QuestionAnsweringTask(sequence_length=29, max_query_length=8),
        "pretrained": pretrained,
        "training": EXAMPLES,
        "validation": EXAMPLES,
        "options": FinetuningOptions(),
        "directory": out,
    }
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        finetune(**{**arguments, **changes})  # type: ignore[arg-type]
    assert not out.exists()


def test_inputs_longer_than_the_positions_are_refused(pretrained: Path, tmp_path: Path) -> None:
    task = QuestionAnsweringTask(sequence_length=30, max_query_length=8)
    words = r"sequence_length must be at most max_position_embeddings \(29\); got 30"
    refuse(pretrained, tmp_path / "out", words, task=task)


@pytest.mark.parametrize("name", ["training", "validation"])
def test_examples_without_an_answer_in_reach_are_refused(
    pretrained: Path, tmp_path: Path, name: str
) -> None:
    whole = [QuestionExample("Where?", CONTEXT * 9, (CONTEXT * 9,), 0)]
    refuse(pretrained, tmp_path / "out", f"{name} must hold an example", **{name: whole})


def test_a_vocabulary_larger_than_the_table_is_refused(
    pretrained: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    config = replace(load_backbone(pretrained).config, vocab_size=60)
    AlbertBackbone(config).save_to_preset(str(tmp_path / "small"))
    tokenizer.save(tmp_path / "small")
    words = r"vocab_size pieces \(60\); it holds 120"
    refuse(tmp_path / "small", tmp_path / "out", words)


def test_what_was_saved_frozen_is_trained_and_a_new_pooler_beside_adapters(
    pretrained: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    backbone = load_backbone(pretrained)
    backbone.trainable = False
    backbone.save_to_preset(str(tmp_path))
    tokenizer.save(tmp_path)
    assert not load_backbone(tmp_path).trainable_variables  # the control
    task = ClassificationTask(labels=("no", "yes"), sequence_length=29)
    model, _ = _starting_model(task, tmp_path, FinetuningOptions())
    assert model.backbone.trainable_variables
    for new_pooler in (False, True):
        options = FinetuningOptions(lora=2, new_pooler=new_pooler)
        model, _ = _starting_model(task, tmp_path, options)
        names = {variable.path for variable in model.backbone.trainable_variables}
        assert any("pooler" in name for name in names) == new_pooler
        assert any("lora" in name for name in names)


@pytest.mark.slow
def test_a_run_is_not_continued_with_other_examples(
    pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = ClassificationTask(labels=("no", "yes"), sequence_length=29)
    rows = [TextExample(text, label=label) for text in ("so", "at dawn") for label in task.labels]
    monkeypatch.setattr("albert_tf.training.finetune.finish", lambda _: 1 / 0)
    options = FinetuningOptions(epochs=1, batch_size=2)
    with pytest.raises(ZeroDivisionError):
        finetune(task, pretrained, rows, rows, options, tmp_path / "out")
    with pytest.raises(ValueError, match="an unfinished run whose validation_examples was"):
        finetune(task, pretrained, rows, rows[:2], options, tmp_path / "out")
    named = set()
    for place, row in enumerate(rows):
        label = "no" if row.label == "yes" else "yes"
        changed = [*rows[:place], replace(row, label=label), *rows[place + 1 :]]
        with pytest.raises(ValueError, match=r"an unfinished run whose \w+ was") as raised:
            finetune(task, pretrained, changed, rows, options, tmp_path / "out")
        named.add(str(raised.value).partition(" whose ")[2].partition(" was ")[0])
    assert named == {"first_batch", "training_examples"}


def test_a_folder_without_a_model_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    words = "holds no saved model: config.json is missing"
    refuse(tmp_path, tmp_path / "out", words)


OPTIONS = ("kitchen", "garden", "cellar", "attic")
FAMILIES: list[tuple[Task, list[Any], dict[str, float]]] = [
    (
        ClassificationTask(labels=("in", "out"), sequence_length=29),
        [TextExample("the kitchen", "at dawn", "in"), TextExample("the garden", "at dawn", "out")],
        {"accuracy": 100.0, "examples": 2},
    ),
    (
        RegressionTask(sequence_length=29),
        [ScoredExample("the kitchen", "at dawn", 1.0), ScoredExample("the garden", "so", -1.0)],
        {"pearson": pytest.approx(100), "spearman": pytest.approx(100), "examples": 2},
    ),
    (
        MultipleChoiceTask(sequence_length=29, max_qa_length=11),
        [
            ChoiceExample(CONTEXT, "Where?", OPTIONS, 0),
            ChoiceExample("So.", "_?", OPTIONS[::-1], 3),
        ],
        {"accuracy": 100.0, "examples": 2},
    ),
]


@pytest.mark.parametrize(
    ("task", "examples", "scores"),
    [FAMILIES[0], *(pytest.param(*family, marks=pytest.mark.slow) for family in FAMILIES[1:])],
)
def test_a_family_learns_its_examples_and_answers_from_its_folder(
    pretrained: Path, tmp_path: Path, task: Task, examples: list[Any], scores: dict[str, float]
) -> None:
    options = FinetuningOptions(batch_size=2, learning_rate=0.01)
    log = finetune(task, pretrained, examples * 25, examples, options, tmp_path / "out")
    assert log[-1]["val_loss"] < log[0]["val_loss"]
    model = load(tmp_path / "out")
    assert model.task == task
    assert task.score(examples, list(model.predict_all(examples))) == scores
