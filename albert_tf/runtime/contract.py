"""The file that tells a device what a model needs: written by export, read strictly here.

export.bundle  ->  contract.json  ->  [contract.read_contract]  ->  runtime.model, Android

Shape letters: B inputs of one call, T tokens, M gaps.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from albert_tf.json_file import read_json_object, write_json_object

CONTRACT_FILE = "contract.json"
FORMAT_VERSION = 2
_LONGEST_NAME = 255  # bytes of a file's name, on every file system in use


@dataclass(frozen=True)
class FileRecord:
    """A file of the folder, and how to know it is whole."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileRecord:
        """Describes a file on disk."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.name, path.stat().st_size, digest)

    def check(self, directory: Path) -> None:
        """Compares the file in `directory` with this record.

        Raises:
            FileNotFoundError: it is missing.
            ValueError: its name leaves the folder, or it is damaged.
        """
        plain = self.name and Path(self.name).name == self.name
        if not plain or len(self.name.encode()) > _LONGEST_NAME:
            raise ValueError(f"{CONTRACT_FILE} must name plain files; got {self.name!r}.")
        path = directory / self.name
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing. Export again.")
        if path.stat().st_size != self.bytes:
            raise ValueError(
                f"{path} must have {self.bytes} bytes; got {path.stat().st_size}. Export again."
            )
        if FileRecord.of(path).sha256 != self.sha256:
            raise ValueError(f"{path} does not match its checksum. Export again.")


@dataclass(frozen=True)
class TensorRecord:
    """An input or an output of the model."""

    dtype: str  # as NumPy names it
    shape: tuple[int | None, ...]  # None for any size


@dataclass(frozen=True)
class Contract:
    """All that a reader of the folder may rely on."""

    format_version: int
    created_by: str  # name and version of the exporter
    recipe: str  # how the weights were quantized
    encoder: str  # "loop" or "unrolled"
    signature: str  # entry of the LiteRT file
    inputs: dict[str, TensorRecord]  # [B, T], and `mask_positions` [B, M] for a masked LM
    outputs: dict[str, TensorRecord]
    task: dict[str, Any]  # as tasks.task.task_to_dict; its name says what the model answers
    special_ids: dict[str, int]
    parity: float  # largest difference of the float file from Keras, in any output
    model: FileRecord
    vocabulary: list[FileRecord]

    def write(self, directory: Path) -> None:
        """Writes `contract.json`."""
        write_json_object(directory / CONTRACT_FILE, asdict(self))


def read_contract(directory: Path) -> Contract:
    """Reads `contract.json` and checks every file it names.

    Raises:
        FileNotFoundError: the contract or a file is missing.
        ValueError: unknown or missing keys, another format, or a damaged file.
    """
    path = directory / CONTRACT_FILE
    if not path.exists():
        raise FileNotFoundError(f"{directory} holds no exported model: {CONTRACT_FILE} is missing.")
    values = read_json_object(path)
    known = {field.name for field in fields(Contract)}
    version = values.get("format_version", FORMAT_VERSION)
    if type(version) is not int or version != FORMAT_VERSION:
        raise ValueError(
            f"{path}: format_version must be {FORMAT_VERSION}; got {version!r}. "
            f"Export again with this version."
        )
    if values.keys() != known:
        raise ValueError(
            f"{path} must have exactly the keys {sorted(known)}; got {sorted(values)}. "
            f"Export again."
        )
    try:
        contract = _parse(values)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}. Export again.") from error
    for record in (contract.model, *contract.vocabulary):
        record.check(directory)
    return contract


def _parse(values: dict[str, Any]) -> Contract:
    """Raises TypeError for a value of the wrong kind."""
    for kind, names in (
        (str, ("created_by", "recipe", "encoder", "signature")),
        (dict, ("inputs", "outputs", "task", "special_ids", "model")),
        (list, ("vocabulary",)),
        (float, ("parity",)),
    ):
        for name in names:
            _check(name, values[name], kind)
    for name, value in values["special_ids"].items():
        _check(name, value, int)
    records = {
        "inputs": _tensors(values["inputs"]),
        "outputs": _tensors(values["outputs"]),
        "model": _file(values["model"]),
        "vocabulary": [_file(record) for record in values["vocabulary"]],
    }
    return Contract(**{**values, **records})


def _tensors(values: dict[str, Any]) -> dict[str, TensorRecord]:
    records = {}
    for name, value in values.items():
        record = TensorRecord(**value)
        _check(f"dtype of {name}", record.dtype, str)
        _check(f"shape of {name}", record.shape, list)
        for size in record.shape:
            _check(f"shape of {name}", size, int, type(None))
        records[name] = TensorRecord(record.dtype, tuple(record.shape))
    return records


def _file(value: dict[str, Any]) -> FileRecord:
    record = FileRecord(**value)
    _check("name", record.name, str)
    _check("bytes", record.bytes, int)
    _check("sha256", record.sha256, str)
    return record


def _check(name: str, value: Any, *kinds: type) -> None:
    # Not isinstance, for which true is a whole number.
    if type(value) not in kinds:
        raise TypeError(f"{name} must not be {value!r}")
