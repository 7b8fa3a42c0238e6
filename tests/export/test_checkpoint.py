"""A model goes to the layout of another library whole or not at all."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.export.checkpoint import export_checkpoint
from albert_tf.export.heads import open_head
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.task import write_task
from albert_tf.text.tokenizer import SentencePieceTokenizer
from albert_tf.training.evaluate import load
from tests.export.conftest import CLASSIFICATION


@pytest.mark.parametrize(
    "file_format",
    ["huggingface", "kerashub", pytest.param("saved_model", marks=pytest.mark.slow)],
)
def test_every_format_is_a_folder_of_its_own(
    models: Path, tmp_path: Path, file_format: str
) -> None:
    assert export_checkpoint(models / "classifier", tmp_path / "out", file_format) == ()
    sign = {
        "huggingface": "model.safetensors",
        "kerashub": "assets/tokenizer/vocabulary.spm",
        "saved_model": "saved_model.pb",
    }
    assert (tmp_path / "out" / sign[file_format]).is_file()
    with pytest.raises(FileExistsError, match="out exists; choose another folder"):
        export_checkpoint(models / "classifier", tmp_path / "out", file_format)


def test_nothing_is_left_of_an_export_that_breaks_while_it_writes(
    models: Path, tmp_path: Path, full_disk: Callable[[type], list[str]]
) -> None:
    seen = full_disk(SentencePieceTokenizer)
    with pytest.raises(OSError, match="No space left"):
        export_checkpoint(models / "classifier", tmp_path / "out", "huggingface")
    assert "model.safetensors" in seen
    assert not list(tmp_path.iterdir())


def test_a_saved_model_is_refused_for_tasks_without_a_graph(models: Path, tmp_path: Path) -> None:
    for name in ("regressor", "chooser"):
        with pytest.raises(ValueError, match=r"answers classification or question_answering; got"):
            export_checkpoint(models / name, tmp_path / "out", "saved_model")
    assert not list(tmp_path.iterdir())


def test_a_task_with_labels_for_other_classes_fits_no_model(models: Path, tmp_path: Path) -> None:
    short = shutil.copytree(models / "classifier", tmp_path / "short")
    write_task(replace(CLASSIFICATION, labels=("no", "yes")), short)
    words = r"label for each class of its model \(3\); its task names 2: no, yes"
    with pytest.raises(ValueError, match=words):
        export_checkpoint(short, tmp_path / "out", "huggingface")
    with pytest.raises(ValueError, match=words):
        open_head(short)
    with pytest.raises(ValueError, match=words):
        load(short)
    assert not (tmp_path / "out").exists()
    write_task(CLASSIFICATION, short)
    assert load(short).predict(TextExample("so")).label in CLASSIFICATION.labels

    write_task(replace(CLASSIFICATION, sequence_length=48), short)
    for opening in (load, lambda path: export_checkpoint(path, tmp_path / "out", "saved_model")):
        with pytest.raises(ValueError, match=r"max_position_embeddings \(47\); got 48"):
            opening(short)


def test_an_unknown_format_is_named(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown format 'onnx'; choose one of huggingface"):
        export_checkpoint(models / "classifier", tmp_path / "out", "onnx")
