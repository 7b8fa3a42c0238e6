"""A folder belongs to one run until that run is finished, and to nobody after."""

from pathlib import Path

import pytest

from albert_tf.training.run_folder import claim, finish


def test_the_same_run_may_continue_until_it_is_finished(tmp_path: Path) -> None:
    claim(tmp_path, {"steps": 1, "model": Path("a")})
    (tmp_path / "config.json").write_text("{}")  # saving began, and was cut short
    claim(tmp_path, {"steps": 1, "model": Path("a")})
    finish(tmp_path)
    with pytest.raises(FileExistsError, match="holds a finished model; choose another folder"):
        claim(tmp_path, {"steps": 1, "model": Path("a")})


def test_another_run_cannot_continue_in_the_folder(tmp_path: Path) -> None:
    claim(tmp_path, {"steps": 1, "seed": 0})
    with pytest.raises(ValueError, match="an unfinished run whose steps was 1, not 2"):
        claim(tmp_path, {"steps": 2, "seed": 0})


def test_a_model_of_unknown_origin_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FileExistsError, match="holds a finished model"):
        claim(tmp_path, {})


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_damaged_run_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match=r"run.json is damaged"):
        claim(tmp_path, {})
