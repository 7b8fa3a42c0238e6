"""A model goes to the layout of another library whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from albert_tf.export.checkpoint import export_checkpoint
from albert_tf.text.tokenizer import SentencePieceTokenizer


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


def test_an_unknown_format_is_named(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown format 'onnx'; choose one of huggingface"):
        export_checkpoint(models / "classifier", tmp_path / "out", "onnx")
