"""The file that tells a device what a model needs: written by export, read strictly here.

export.bundle  ->  contract.json  ->  [contract.read_contract]  ->  runtime.model, Android
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

CONTRACT_FILE = "contract.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class FileRecord:
    """A file of the folder, and how to know it is whole."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileRecord:
        """Describes a file on disk."""
        content = path.read_bytes()
        return cls(path.name, len(content), hashlib.sha256(content).hexdigest())

    def check(self, directory: Path) -> None:
        """Compares the file in `directory` with this record.

        Raises:
            FileNotFoundError: it is missing.
            ValueError: its name leaves the folder, or it is damaged.
        """
        if Path(self.name).name != self.name:
            raise ValueError(f"{CONTRACT_FILE} must name plain files; got {self.name!r}.")
        path = directory / self.name
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing.")
        if path.stat().st_size != self.bytes:
            raise ValueError(
                f"{path} must have {self.bytes} bytes; got {path.stat().st_size}. Export again."
            )
        if FileRecord.of(path).sha256 != self.sha256:
            raise ValueError(f"{path} does not match its checksum. Export again.")


@dataclass(frozen=True)
class Contract:
    """All that a reader of the folder may rely on."""

    format_version: int
    created_by: str  # name and version of the exporter
    recipe: str  # how the weights were quantized
    signature: str  # entry of the LiteRT file
    inputs: dict[str, str]  # name to dtype; every shape is [1, T]
    outputs: dict[str, str]  # name to dtype
    task: dict[str, Any]  # as tasks.task.task_to_dict
    special_ids: dict[str, int]
    parity: float  # largest difference of the float file from Keras, in logits
    model: FileRecord
    vocabulary: list[FileRecord]

    def write(self, directory: Path) -> None:
        """Writes `contract.json`."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        (directory / CONTRACT_FILE).write_text(text, encoding="utf-8")


def read_contract(directory: Path) -> Contract:
    """Reads `contract.json` and checks every file it names.

    Raises:
        FileNotFoundError: the contract or a file is missing.
        ValueError: unknown or missing keys, another format, or a damaged file.
    """
    path = directory / CONTRACT_FILE
    if not path.exists():
        raise FileNotFoundError(f"{directory} holds no exported model: {CONTRACT_FILE} is missing.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        contract = _parse(values)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}. Export again.") from error
    for record in (contract.model, *contract.vocabulary):
        record.check(directory)
    return contract


def _parse(values: dict[str, Any]) -> Contract:
    known = {field.name for field in fields(Contract)}
    if values.keys() != known:
        raise ValueError(
            f"{CONTRACT_FILE} must have exactly the keys {sorted(known)}; "
            f"got {sorted(values)}. Export again."
        )
    if values["format_version"] != FORMAT_VERSION:
        raise ValueError(
            f"format_version must be {FORMAT_VERSION}; got {values['format_version']}. "
            f"Export again with this version."
        )
    records = {
        "model": FileRecord(**values["model"]),
        "vocabulary": [FileRecord(**record) for record in values["vocabulary"]],
    }
    return Contract(**{**values, **records})
