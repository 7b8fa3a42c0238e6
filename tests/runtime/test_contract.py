"""A contract reads back as written, and a folder that does not match it is refused."""

import json
from pathlib import Path

import pytest

from albert_tf.runtime.contract import (
    FORMAT_VERSION,
    Contract,
    FileRecord,
    TensorRecord,
    read_contract,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exported folder whose model is any file."""
    (tmp_path / "model.tflite").write_bytes(bytes(range(100)))
    contract(tmp_path).write(tmp_path)
    return tmp_path


def contract(folder: Path) -> Contract:
    return Contract(
        format_version=FORMAT_VERSION,
        created_by="a test",
        recipe="float32",
        encoder="loop",
        signature="serving_default",
        inputs={"token_ids": TensorRecord("int32", (1, None))},
        outputs={"probabilities": TensorRecord("float32", (1, 2))},
        task={"task": "classification", "labels": ["no", "예"]},
        special_ids={"pad": 0},
        parity=1e-6,
        model=FileRecord.of(folder / "model.tflite"),
        vocabulary=[],
    )


def test_a_contract_reads_back_as_written(folder: Path) -> None:
    assert read_contract(folder) == contract(folder)


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda folder: (folder / "model.tflite").unlink(), FileNotFoundError, "is missing"),
        (
            lambda folder: (folder / "model.tflite").write_bytes(b"\0" * 64),
            ValueError, "must have .* bytes; got 64. Export again",
        ),
        (
            lambda folder: flip(folder / "model.tflite"),
            ValueError, "does not match its checksum",
        ),
        (lambda folder: edit(folder, surprise=1), ValueError, "must have exactly the keys"),
        (lambda folder: edit(folder, format_version=9), ValueError, "format_version must be 2;"),
        (
            lambda folder: edit(folder, model={"name": "../x", "bytes": 1, "sha256": ""}),
            ValueError, "must name plain files; got '../x'",
        ),
        (
            lambda folder: edit(folder, model={"name": "a" * 256, "bytes": 1, "sha256": ""}),
            ValueError, "must name plain files; got 'aaa",
        ),
        (lambda folder: edit(folder, format_version=2.0), ValueError, "must be 2; got 2.0"),
        (lambda folder: (folder / "contract.json").write_text("{"), ValueError, "is not JSON"),
        (lambda folder: (folder / "contract.json").write_text("[]"), ValueError, "a JSON object"),
        (
            lambda folder: (folder / "contract.json").write_bytes(b'{"a": "\xff"}'),
            ValueError, "contract.json is not JSON",
        ),
        (lambda folder: edit(folder, recipe=7), ValueError, "damaged: recipe must not be 7"),
        (lambda folder: edit(folder, parity="x"), ValueError, "damaged: parity must not be 'x'"),
        (lambda folder: edit(folder, inputs={"a": "int32"}), ValueError, "is damaged"),
        (
            lambda folder: edit(folder, outputs={"a": {"dtype": "int32", "shape": [True]}}),
            ValueError, "damaged: shape of a must not be True",
        ),
        (
            lambda folder: edit(folder, model={"name": "model.tflite", "bytes": "9", "sha256": ""}),
            ValueError, "damaged: bytes must not be '9'",
        ),
        (lambda folder: edit(folder, special_ids={"pad": None}), ValueError, "pad must not be"),
    ],
)  # fmt: skip
def test_a_damaged_export_is_refused(folder: Path, damage: object, error: type, words: str) -> None:
    damage(folder)  # type: ignore[operator]
    with pytest.raises(error, match=words):
        read_contract(folder)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(folder: Path, **changes: object) -> None:
    path = folder / "contract.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
