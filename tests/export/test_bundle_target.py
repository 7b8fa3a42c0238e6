"""An export is written whole or not at all, and what was there is lost by nothing else."""

import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from albert_tf import runtime
from albert_tf.export import bundle
from albert_tf.export.drop import Gate
from albert_tf.export.target import check_target, put
from albert_tf.export.verify import ParityError
from albert_tf.text.tokenizer import SentencePieceTokenizer

UNSEEN = Gate(accept_drop=100)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_refused_export_leaves_what_was_there(
    models: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(target)
    monkeypatch.setattr("albert_tf.export.bundle.TOLERANCE", 0.0)
    with pytest.raises(ParityError):
        bundle.export(models / "classifier", target, "float32")
    assert files(target) == before
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_one_foreign_file_among_an_export_protects_the_folder(models: Path, target: Path) -> None:
    (target / "scores.json").write_text("{}")
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", target, "float32")


def test_a_folder_of_something_else_is_never_replaced(models: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", tmp_path, "float32")
    assert (tmp_path / "thesis.txt").read_text() == "dear"


def test_a_vocabulary_alone_is_no_export(vocabulary: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(vocabulary, tmp_path / "vocab")
    for path in kept.iterdir():
        if path.name != "spiece.model":
            path.unlink()
    with pytest.raises(FileExistsError, match="something other than an export"):
        check_target(kept, {"contract.json", "spiece.model"})
    for name in ("contract.json", "notes.txt"):
        (tmp_path / name).touch()
        with pytest.raises(FileExistsError, match=f"{name} is a file; choose a folder"):
            check_target(tmp_path / name, {"contract.json"})
    check_target(tmp_path / "absent", {"contract.json"})
    (tmp_path / "empty").mkdir()
    check_target(tmp_path / "empty", {"contract.json"})


def test_a_mount_point_is_refused_before_any_work() -> None:
    """It could not be replaced; /proc is one wherever these tests run."""
    with pytest.raises(FileExistsError, match="/proc is a mount point; choose a folder inside it"):
        check_target(Path("/proc"))


@pytest.mark.slow
def test_what_is_written_into_the_target_meanwhile_is_kept(
    models: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_report(*_: object) -> None:
        (target / "scores.json").write_text("{}")

    monkeypatch.setattr(bundle, "write_report", write_report)
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", target, "float32")
    assert (target / "scores.json").read_text() == "{}"


@pytest.mark.slow
def test_exporting_twice_replaces_the_first(models: Path, target: Path) -> None:
    first = runtime.load(target).contract
    bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=UNSEEN)
    second = runtime.load(target).contract
    assert (first.recipe, second.recipe) == ("float32", "dynamic_wi8_afp32")
    assert second.model.bytes < first.model.bytes
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_a_full_disk_leaves_nothing_and_spoils_nothing(
    models: Path, target: Path, full_disk: Callable[[type], list[str]]
) -> None:
    before = files(target)
    seen = full_disk(SentencePieceTokenizer)
    with pytest.raises(OSError, match="No space left"):
        bundle.export(models / "classifier", target, "float32")
    assert seen == ["model.tflite"]  # the control: something had been written
    assert files(target) == before
    assert list(target.parent.iterdir()) == [target]


def test_a_disk_without_room_for_the_conversion_is_named(models: Path, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"\.convert-\w+ could not be written: File too large$"):
            bundle.export(models / "classifier", tmp_path / "out", "float32")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_export_leaves_what_was_there(
    models: Path, tmp_path: Path, target: Path, by: signal.Signals
) -> None:
    before = files(target)
    command = [
        sys.executable, "-m", "albert_tf", "export", models / "classifier", "--out", target,
        "--accept-drop", "100",
    ]  # fmt: skip
    for sign in (".convert-*", ".out-*/export/model.tflite"):  # what it is killed over
        export = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while export.poll() is None and not list(tmp_path.glob(sign)):
            time.sleep(0.005)
        export.send_signal(by)
        assert export.wait() not in {0, 1}  # the control: it was at work
        assert files(target) == before
        left = [path for path in tmp_path.iterdir() if path != target]
        assert by == signal.SIGKILL or not left
        for path in left:
            shutil.rmtree(path)


@pytest.mark.parametrize(("moment", "left"), [(1, "out"), (2, "out"), (3, "new")])
def test_an_interrupted_move_leaves_one_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, left: str
) -> None:
    """Before the first move, before the second, and behind it."""
    folder, target, before = (tmp_path / name for name in ("new", "out", "before"))
    for path in (folder, target):
        path.mkdir()
        (path / "model.tflite").write_text(path.name)
    rename, moves = Path.rename, []

    def interrupted(path: Path, goal: Path) -> Path:
        moves.append(path)
        if len(moves) == moment:
            raise KeyboardInterrupt
        moved = rename(path, goal)
        if len(moves) + 1 == moment == 3:
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(folder, target, before)
    assert (target / "model.tflite").read_text() == left
