"""The card says what was done and measured, and what nobody knows; it tells no folders."""

from pathlib import Path
from typing import Any

import numpy
from huggingface_hub import ModelCard

from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.training.model_card import Run, model_card
from tests.training.names import OPTIONS, TASK

FILES = {"training": Path("/home/me/data/train.tsv"), "validation": Path("/home/me/data/dev.tsv")}


def card(task: Task = TASK, files: dict[str, Path] = FILES, **scores: float) -> str:
    run = Run(task, "albert-base", OPTIONS, files, 1234, {"step": 9})
    return model_card(run, {**scores, "examples": 56}, "names", "confusion.png")


def front_matter(text: str) -> Any:
    return ModelCard(text).data


def test_the_front_matter_is_what_the_site_reads() -> None:
    data = front_matter(card(accuracy=91.666))
    assert data.license == "unknown"
    assert data.pipeline_tag == "text-classification"
    assert {"albert", "classification"} <= set(data.tags)
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value) == ("accuracy", 91.67)
    assert (result.dataset_name, result.dataset_split) == ("dev.tsv", "validation")
    assert data.language is None  # nobody said


def test_two_scores_are_two_results() -> None:
    data = front_matter(card(QuestionAnsweringTask(), exact_match=80.0, f1=88.0))
    assert data.pipeline_tag == "question-answering"
    assert {result.metric_type: result.metric_value for result in data.eval_results} == {
        "exact_match": 80.0, "f1": 88.0,
    }  # fmt: skip


def test_settings_scores_and_versions_are_told_and_folders_are_not() -> None:
    text = card(accuracy=91.666)
    for line in (
        "| training | train.tsv | 1,234 |", "| validation | dev.tsv | 56 |",
        "| accuracy | 91.67 |", "after step 9", "| learning_rate | 0.1 |",
        "| sequence_length | 16 |", f"| numpy | {numpy.__version__} |",
        "fine-tuned from `albert-base`", "![True and predicted labels](confusion.png)",
        "albert-tf evaluate names --data FILE",
    ):  # fmt: skip
        assert line in text
    assert "/home" not in text
    assert "None" not in text
    assert "license of this model is unknown" in text


def test_files_that_were_not_named_are_not_made_up() -> None:
    text = card(files={}, accuracy=50.0)
    assert "| training | not recorded | 1,234 |" in text
    assert front_matter(text).eval_results[0].dataset_name == "unknown"
