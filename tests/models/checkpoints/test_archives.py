"""Archives and handles become folders; what is hostile or absent is refused."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from albert_tf.models.checkpoints import archives
from albert_tf.models.checkpoints.archives import opened
from tests.models.checkpoints.tiny import tiny_checkpoint


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside", "..\\outside"])
@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_an_archive_that_writes_elsewhere_is_refused(
    tmp_path: Path, name: str, suffix: str
) -> None:
    path = tmp_path / f"hostile{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "x")
    else:
        with tarfile.open(path, "w") as archive_tar:
            member = tarfile.TarInfo(name)
            member.size = 1
            archive_tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match="which is outside its folder"):
        opened(str(path)).__enter__()
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_out_of_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hostile.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("config.json")
        member.type = tarfile.SYMTYPE
        member.linkname = "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ValueError, match="is not an archive that can be unpacked"):
        opened(str(path)).__enter__()


def test_an_archive_of_absurd_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_LARGEST", 1_000)
    tiny_checkpoint(tmp_path / "theirs")
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "theirs")
    with pytest.raises(ValueError, match="would unpack to more than 1,000 bytes"):
        opened(str(path)).__enter__()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("absent", "absent is missing"),
        ("ftp://host/model", "must begin with hf:// or kaggle://"),
        ("notes.txt", "is not an archive that can be unpacked"),
    ],
)
def test_what_is_no_checkpoint_is_named(
    tmp_path: Path, source: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("nothing")
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        opened(source).__enter__()


def test_a_handle_that_cannot_be_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(OSError, match="hf://nobody/nothing could not be fetched"):
        opened("hf://nobody/nothing").__enter__()
