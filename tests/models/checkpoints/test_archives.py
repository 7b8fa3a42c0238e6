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
    tmp_path: Path, name: str, suffix: str, monkeypatch: pytest.MonkeyPatch
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
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a" / "b"))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="which is outside its folder"):
        opened(str(path)).__enter__()
    assert sorted(tmp_path.rglob("*")) == before


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


def test_one_flipped_bit_of_an_archive_is_noticed(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path / "theirs")
    for path in (tmp_path / "it.tar.gz", tmp_path / "it.zip"):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.write(tmp_path / "theirs" / "model.safetensors", "model.safetensors")
        else:
            with tarfile.open(path, "w:gz") as archive:
                archive.add(tmp_path / "theirs" / "model.safetensors", "model.safetensors")
        with opened(str(path)) as folder:
            assert (folder / "model.safetensors").exists()
        content = bytearray(path.read_bytes())
        content[len(content) * 2 // 3] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not an archive that can be unpacked"):
            opened(str(path)).__enter__()


def test_what_a_mac_adds_to_an_archive_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "it.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("albert/config.json", "__MACOSX/albert/._config.json", ".DS_Store"):
            packed.writestr(name, "{}")
    with opened(str(path)) as folder:
        assert [file.name for file in folder.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("absent", "absent is missing"),
        ("ftp://host/model", "must begin with hf:// or kaggle://"),
        ("notes.txt", "is not an archive that can be unpacked.*is named by its folder"),
        ("pytorch_model.bin", "may be a pickle, which can run code when opened"),
    ],
)
def test_what_is_no_checkpoint_is_named(
    tmp_path: Path, source: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("nothing")
    Path("pytorch_model.bin").write_text("nothing")
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        opened(source).__enter__()


def test_a_handle_that_cannot_be_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(OSError, match="hf://nobody/nothing could not be fetched"):
        opened("hf://nobody/nothing").__enter__()
