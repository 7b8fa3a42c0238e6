"""Turns what a user names as a checkpoint into a folder.

folder, archive, or handle  ->  [archives.opened]  ->  google, huggingface, tfhub
"""

from __future__ import annotations

import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import huggingface_hub
import kagglehub

# The largest released ALBERT has 3 GB with its optimizer.
_LARGEST = 20_000_000_000
_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
    OSError,  # of gzip: a checksum that does not fit
    RuntimeError, NotImplementedError,  # of zip: a password, an unknown method
)  # fmt: skip


@contextmanager
def opened(source: str, wanted: list[str] | None = None) -> Iterator[Path]:
    """Gives the folder of a checkpoint for as long as it is read.

    Args:
        source: A folder; a .tar, .tar.gz, .tgz or .zip of one; hf://user/model; or
            kaggle://user/model/framework/variation.
        wanted: Patterns of the files worth fetching from hf://; None for all.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: a file that is no archive, or one that is damaged, writes outside its folder,
            or is far too large.
        OSError: the handle could not be fetched.
    """
    if "://" in source:
        yield _fetch(source, wanted)
        return
    path = Path(source)
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing.")
    if path.suffix in _PICKLES:
        raise ValueError(
            f"{path} may be a pickle, which can run code when opened; save the model as "
            f"safetensors first."
        )
    with tempfile.TemporaryDirectory() as name:
        _unpack(path, Path(name))
        # Macs put files of their own beside the others.
        inside = [
            entry
            for entry in Path(name).iterdir()
            if entry.name != "__MACOSX" and not entry.name.startswith(".")
        ]
        yield inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(name)


def _fetch(handle: str, wanted: list[str] | None) -> Path:
    kind, _, name = handle.partition("://")
    fetchers = {
        "hf": lambda: huggingface_hub.snapshot_download(name, allow_patterns=wanted),
        "kaggle": lambda: kagglehub.model_download(name),
    }
    if kind not in fetchers:
        raise ValueError(f"{handle} must begin with hf:// or kaggle://.")
    try:
        return Path(fetchers[kind]())
    except Exception as error:  # the libraries have many, some of them their HTTP clients'
        reason = str(error).partition("\n")[0]
        raise OSError(f"{handle} could not be fetched: {reason}") from error


def _unpack(path: Path, target: Path) -> None:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                _check(path, ((member.filename, member.file_size) for member in packed.filelist))
                packed.extractall(target)
        else:
            with tarfile.open(path) as packed_tar:
                _check(path, ((member.name, member.size) for member in packed_tar))
                packed_tar.extractall(target, filter="data")
                # The checksum of a compressed archive stands at its end.
                while packed_tar.fileobj and packed_tar.fileobj.read(1 << 20):
                    pass
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} is not an archive that can be unpacked: {reason}. A checkpoint that is not "
            f"packed is named by its folder."
        ) from error


def _check(path: Path, members: Iterable[tuple[str, int]]) -> None:
    total = 0
    for name, size in members:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{path} would write {name!r}, which is outside its folder.")
        total += size
        if total > _LARGEST:
            raise ValueError(f"{path} would unpack to more than {_LARGEST:,} bytes.")
