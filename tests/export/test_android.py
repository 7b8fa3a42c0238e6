"""An export goes into the assets of the Android project, or nowhere."""

from pathlib import Path

import pytest

from albert_tf.export.android import android_folder
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task, write_task

PROJECT = Path(__file__).parents[2] / "android_demo"


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (QuestionAnsweringTask(), "question_answering"),
        (ClassificationTask(labels=("no", "yes")), "classification"),
    ],
)
def test_each_task_of_the_app_has_a_folder(task: Task, name: str, tmp_path: Path) -> None:
    write_task(task, tmp_path)
    assert android_folder(tmp_path, PROJECT) == PROJECT / "app" / "src" / "main" / "assets" / name


def test_other_tasks_are_refused(tmp_path: Path) -> None:
    write_task(RegressionTask(), tmp_path)
    with pytest.raises(ValueError, match=r"question_answering and classification; got .* regress"):
        android_folder(tmp_path, PROJECT)


def test_a_folder_without_an_app_and_a_model_without_a_task_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no Android app"):
        android_folder(tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no fine-tuned model"):
        android_folder(tmp_path, PROJECT)


def test_what_the_app_does_not_ask_is_refused(tmp_path: Path) -> None:
    write_task(ClassificationTask(labels=("no", "yes")), tmp_path)
    with pytest.raises(ValueError, match=r"classification, not for embeddings; leave --head out"):
        android_folder(tmp_path, PROJECT, head="embeddings")


def test_batches_and_pairs_of_texts_are_refused(tmp_path: Path) -> None:
    write_task(ClassificationTask(labels=("no", "yes"), pair_column="premise"), tmp_path)
    with pytest.raises(ValueError, match="single texts"):
        android_folder(tmp_path, PROJECT)
    with pytest.raises(ValueError, match=r"batch must be 1 .* got 8"):
        android_folder(tmp_path, PROJECT, batch=8)


def test_weights_of_4_bits_are_refused(tmp_path: Path) -> None:
    write_task(ClassificationTask(labels=("no", "yes")), tmp_path)
    with pytest.raises(ValueError, match=r"wi4b32_afp32 is not for the app: .* Leave --recipe out"):
        android_folder(tmp_path, PROJECT, recipe="dynamic_wi4b32_afp32")
    assert android_folder(tmp_path, PROJECT, recipe="compat").name == "classification"
