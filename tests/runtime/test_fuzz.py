"""Damaged folders and wild texts meet errors that are documented, and never LiteRT."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.runtime.engine import Engine
from albert_tf.runtime.model import EdgeModel

DOCUMENTED = (ValueError, FileNotFoundError)
CALLS: dict[str, Callable[[EdgeModel, str], Any]] = {
    "classifier": lambda model, text: model.classify([text, text[::-1]], [text, text]),
    "answerer": lambda model, text: model.answer(text, text),
    "embedder": lambda model, text: model.embed([text]),
    "filler": lambda model, text: model.fill_mask(f"{text[:9]}[MASK]{text[9:]}"),
}


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes flipped, put in or cut out, or the end cut off."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        place, kind = int(rng.integers(len(changed))), rng.integers(4)
        if kind == 0:
            changed[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[place:place] = rng.bytes(int(rng.integers(1, 9)))
        elif kind == 2:
            del changed[place : place + int(rng.integers(1, 9))]
        else:
            del changed[max(place, 1) :]
    return bytes(changed)


def digits_changed(content: bytes, rng: np.random.Generator) -> bytes:
    """JSON that is well formed, with other digits and letters in it."""
    changed = bytearray(content)
    letters = [n for n, byte in enumerate(content) if chr(byte).isalnum()]
    for place in rng.choice(letters, 2):
        changed[place] = ord("9") if chr(changed[place]).isdigit() else ord("q")
    return bytes(changed)


def wild(rng: np.random.Generator, length: int) -> str:
    """Characters of every plane, NULs, controls, halves of characters, and plain ones."""
    kinds = (0x80, 0x400, 0x3000, 0xD7FF, 0x110000)
    codes = [int(rng.integers(kinds[rng.integers(5)])) for _ in range(length)]
    return "".join(map(chr, codes))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("change", [damaged, digits_changed])
def test_a_damaged_contract_is_refused_or_read(
    exports: Path, tmp_path: Path, name: str, change: Callable[..., bytes]
) -> None:
    rng = np.random.default_rng(7)
    folder = shutil.copytree(exports / name, tmp_path / "copy")
    path = folder / "contract.json"
    whole = path.read_bytes()
    refused = 0
    for _ in range(60):
        path.write_bytes(change(whole, rng))
        try:
            CALLS[name](runtime.load(folder), "Mina was so")
        except DOCUMENTED:
            refused += 1
    assert refused > 30
    path.write_bytes(whole)  # the control
    CALLS[name](runtime.load(folder), "Mina was so")


@pytest.mark.parametrize("file", ["model.tflite", "spiece.model"])
def test_litert_never_sees_a_damaged_file(
    exports: Path, tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(11)
    folder = shutil.copytree(exports / "classifier", tmp_path / "copy")
    whole = (folder / file).read_bytes()
    opened: list[Any] = []

    def engine(*arguments: Any) -> Engine:
        opened.append(arguments)
        return Engine(*arguments)

    monkeypatch.setattr("albert_tf.runtime.model.Engine", engine)
    for _ in range(40):
        content = damaged(whole, rng)
        (folder / file).write_bytes(content)
        with pytest.raises(ValueError, match=r"checksum|must have \d+ bytes"):
            runtime.load(folder)
    (folder / file).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file} is missing. Export again"):
        runtime.load(folder)
    assert not opened
    (folder / file).write_bytes(whole)  # the control
    runtime.load(folder)
    assert len(opened) == 1


@pytest.mark.parametrize("name", CALLS)
def test_wild_text_is_answered_or_refused(exports: Path, name: str) -> None:
    rng = np.random.default_rng(13)
    model = runtime.load(exports / name)
    answered, said = 0, set()
    for length in rng.integers(0, 60, 150):
        text = wild(rng, int(length))
        try:
            CALLS[name](model, text)
            answered += 1
        except ValueError as error:
            said.add(" ".join(str(error).split()[:4]))
    assert answered > 20
    assert said <= {"text must be a", "text must have at"}  # lone surrogates; too long
    assert CALLS[name](model, "so") is not None


@pytest.mark.parametrize("text", ["", "\0", "\0" * 9, " ", "\u200b\u200d", "\N{ROCKET}" * 99])
def test_texts_of_nothing_are_answered(exports: Path, text: str) -> None:
    for name in ("classifier", "answerer", "embedder"):
        CALLS[name](runtime.load(exports / name), text)


@pytest.mark.parametrize("text", ["\ud800", "so \udfff so", "[MASK]\ud83d"])
def test_half_a_character_is_refused_everywhere(exports: Path, text: str) -> None:
    for name, call in CALLS.items():
        with pytest.raises(ValueError, match="without lone surrogates"):
            call(runtime.load(exports / name), text)


@pytest.mark.parametrize("name", CALLS)
def test_a_megabyte_of_text_is_answered_or_refused(exports: Path, name: str) -> None:
    text = "At dawn Mina was in the kitchen. " * 32_000
    model = runtime.load(exports / name)
    if name == "filler":
        with pytest.raises(ValueError, match="must have at most 29 tokens; this one has"):
            CALLS[name](model, text)
    else:
        CALLS[name](model, text)
