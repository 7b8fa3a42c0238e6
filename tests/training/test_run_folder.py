"""A folder belongs to one run until that run is finished, and to nobody after."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from albert_tf.training.run_folder import claim, finish


def take(directory: Path, settings: dict[str, Any]) -> None:
    """Holds a folder, and lets it go."""
    with claim(directory, settings):
        pass


def test_the_same_run_may_continue_until_it_is_finished(tmp_path: Path) -> None:
    take(tmp_path, {"steps": 1, "model": Path("a")})
    (tmp_path / "config.json").write_text("{}")  # saving began, and was cut short
    take(tmp_path, {"steps": 1, "model": Path("a")})
    finish(tmp_path)
    with pytest.raises(FileExistsError, match="holds a finished model; choose another folder"):
        take(tmp_path, {"steps": 1, "model": Path("a")})


def test_a_folder_is_held_by_one_process_until_it_ends(tmp_path: Path) -> None:
    holder = "import sys; from pathlib import Path; from albert_tf.training.run_folder import claim"
    holder += "\nwith claim(Path(sys.argv[1]), {'steps': 1}): print('held', flush=True); input()"
    command = [sys.executable, "-c", holder, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileExistsError, match="another process trains in "):
            take(tmp_path, {"steps": 1})
        process.kill()
    take(tmp_path, {"steps": 1})


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), claim(tmp_path, {"steps": 1}):
        raise RuntimeError
    take(tmp_path, {"steps": 1})


def test_a_file_system_without_locks_is_none_the_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(handle: int, operation: int) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unknown)
    take(tmp_path, {"steps": 1})


def test_another_run_cannot_continue_in_the_folder(tmp_path: Path) -> None:
    take(tmp_path, {"steps": 1, "seed": 0})
    with pytest.raises(ValueError, match="an unfinished run whose steps was 1, not 2"):
        take(tmp_path, {"steps": 2, "seed": 0})


def test_a_model_of_unknown_origin_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FileExistsError, match="holds a finished model"):
        take(tmp_path, {})


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_damaged_run_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match=r"run.json is damaged"):
        take(tmp_path, {})
