"""Any table with named columns becomes a classification task."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.classification import (
    ClassificationTask,
    ClassPrediction,
    TextExample,
    find_labels,
)
from albert_tf.tasks.task import TaskModel, read_task, task_from_dict, write_task
from albert_tf.text.tokenizer import Tokenizer

TASK = ClassificationTask(labels=("neg", "pos"), sequence_length=17)


def test_rows_become_labelled_texts(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    path.write_text("text\tlabel\na\tpos\n\tneg\n")
    examples = TASK.read(path)
    assert examples == [TextExample("a", None, "pos"), TextExample("", None, "neg")]
    assert TASK.read(path, limit=1) == examples[:1]
    pairs = ClassificationTask(text_column="label", pair_column="text", label_column="text")
    assert next(pairs.stream(path)) == TextExample("pos", "a", "a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("txt\tlabel\na\tpos\n", r"line 2 has no column 'text'; it has .'label', 'txt'"),
        ("text\tlabels\na\tpos\n", "line 2 has no column 'label'"),
        ("text\tlabel\n", "holds no rows"),
        ("text\tlabel\na\tpos\nb\t\n", "line 3 has no label: its cell 'label' is empty"),
        ("text\tlabel\na\tpos\nb\tmeh\n", "line 3: label must be one of neg, pos; got 'meh'"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "data.tsv").write_text(content)
    with pytest.raises(ValueError, match=f"data.tsv {words}"):
        TASK.read(tmp_path / "data.tsv")


def test_labels_are_not_needed_to_answer(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_text("text\tother\na\tb\n")
    assert list(TASK.stream(tmp_path / "data.tsv")) == [TextExample("a")]


def test_pairs_are_two_segments_cut_to_the_length(tokenizer: Tokenizer) -> None:
    (sample,) = TASK.encode(TextExample("lamp " * 40, "key", "pos"), tokenizer)
    assert len(sample.inputs[0].token_ids) == 17
    assert sample.inputs[0].segment_ids.max() == 1
    assert sample.targets == {"logits": 1}


def test_a_model_of_pairs_answers_no_single_text(tokenizer: Tokenizer) -> None:
    pairs = replace(TASK, pair_column="other")
    with pytest.raises(ValueError, match="a model of pairs must be given a pair; got 'so' alone"):
        pairs.windows(TextExample("so"), tokenizer)
    assert pairs.windows(TextExample("so", "at"), tokenizer)
    assert TASK.windows(TextExample("so"), tokenizer)


def test_an_empty_text_can_be_classified(tokenizer: Tokenizer) -> None:
    def run(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert batch["token_ids"].tolist() == [[tokenizer.special.cls, tokenizer.special.sep]]
        return {"logits": np.array([[0.0, np.log(3.0)]], np.float32)}

    prediction = TaskModel(TASK, tokenizer, run).predict(TextExample(""))
    assert prediction.label == "pos"
    assert prediction.probabilities["pos"] == pytest.approx(0.75)


def test_accuracy_is_a_percentage() -> None:
    examples = [TextExample("a", label=label) for label in ("pos", "neg", "neg", "neg")]
    predictions = [ClassPrediction("neg", {})] * 4
    assert TASK.score(examples, predictions) == {"accuracy": 75.0, "examples": 4}


def test_unknown_labels_are_named(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="label must be one of neg, pos; got 'meh'"):
        TASK.encode(TextExample("a", label="meh"), tokenizer)
    with pytest.raises(ValueError, match="at least 2 labels"):
        find_labels([TextExample("a", label="pos")])


@pytest.mark.parametrize("task", [TASK, ClassificationTask(dataset="mnli", sequence_length=9)])
def test_a_written_task_reads_back_equal(tmp_path: Path, task: ClassificationTask) -> None:
    write_task(task, tmp_path)
    assert read_task(tmp_path) == task


def test_a_task_of_before_there_were_datasets_still_opens() -> None:
    before = {
        "task": "classification", "labels": ["a", "b"], "text_column": "t", "pair_column": None,
        "label_column": "l", "sequence_length": 64,
    }  # fmt: skip
    expected = ClassificationTask(("a", "b"), "t", None, "l", 64, dataset="table")
    assert task_from_dict(before) == expected


def test_a_dataset_brings_its_columns_and_labels() -> None:
    task = ClassificationTask(dataset="qnli")
    assert (task.text_column, task.pair_column, task.label_column) == (
        "question", "sentence", "label"
    )  # fmt: skip
    assert task.labels == ("entailment", "not_entailment")
    # As a checkpoint may have been trained.
    assert replace(task, labels=task.labels[::-1]).labels == ("not_entailment", "entailment")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dataset": "poetry"}, "unknown dataset 'poetry'; choose table or one of cola, sst2"),
        ({"dataset": "stsb"}, "dataset stsb has numbers, not classes; use regression"),
        ({"dataset": "rte", "pair_column": "b"}, "pair_column must not be given for rte"),
        ({"dataset": "wnli", "labels": ("0", "2")}, "labels must be those of wnli, 0, 1; got 0, 2"),
        ({"sequence_length": 2}, "must leave room for a token of each segment .*; got 2"),
        ({"sequence_length": 4, "pair_column": "b"}, "must leave room .*; got 4"),
        ({"sequence_length": 4, "dataset": "rte"}, "must leave room .*; got 4"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ClassificationTask(**settings)


@pytest.mark.parametrize(
    ("dataset", "metric", "scores"),
    [
        ("sst2", "accuracy", {}),
        # Of the class 1: 2 found of 3, of 3 answers.
        ("mrpc", "f1", {"f1": pytest.approx(200 / 3)}),
        # Right pairs 2 and 1, wrong 1 and 1; over the root of 3, 3, 2 and 2.
        ("cola", "matthews", {"matthews": pytest.approx(100 / 6)}),
    ],
)
def test_each_dataset_is_scored_as_its_benchmark_does(
    dataset: str, metric: str, scores: dict[str, float]
) -> None:
    task = ClassificationTask(dataset=dataset)
    examples = [TextExample("a", label=label) for label in "11100"]
    predictions = [ClassPrediction(label, {}) for label in "11010"]
    assert task.metric == metric
    assert task.score(examples, predictions) == {"accuracy": 60.0, "examples": 5, **scores}


def test_a_folder_without_task_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no fine-tuned model"):
        read_task(tmp_path)
