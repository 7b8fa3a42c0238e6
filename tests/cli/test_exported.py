"""Exported files of every kind answer on the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albert_tf.cli import main
from albert_tf.runtime.contract import FileRecord
from albert_tf.text.tokenizer import Tokenizer
from tests.runtime.exports import WIDTH, write_export


def test_vectors_and_guesses_are_printed_and_written(
    tmp_path: Path, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("embedder", "filler"):
        write_export(tmp_path / name, name, tokenizer)
    assert main(["predict", str(tmp_path / "embedder"), "--text", "so"]) == 0
    vectors = json.loads(capsys.readouterr().out)
    assert [len(vectors[name]) for name in ("mean", "pooled")] == [WIDTH, WIDTH]
    assert main(["predict", str(tmp_path / "filler"), "--text", "so [MASK]"]) == 0
    (guesses,) = json.loads(capsys.readouterr().out)["gaps"]
    assert guesses[0]["piece"] == tokenizer.encode("so").pieces[-1]

    (tmp_path / "texts.tsv").write_text("said\nso\nMina\n")
    arguments: list[Any] = [tmp_path / "embedder", "--input", tmp_path / "texts.tsv"]
    arguments += ["--text-column", "said", "--out", tmp_path / "vectors.jsonl"]
    assert main(["predict", *map(str, arguments)]) == 0
    rows = [json.loads(line) for line in (tmp_path / "vectors.jsonl").read_text().splitlines()]
    assert rows[0] == {"row": 1, **vectors}
    assert len(rows) == 2


def test_a_file_is_answered_by_a_model_of_any_name(tmp_path: Path, tokenizer: Tokenizer) -> None:
    folder = tmp_path / "embedder"
    contract = write_export(folder, "embedder", tokenizer)
    (folder / "model.tflite").rename(folder / "m.tflite")
    replace(contract, model=FileRecord.of(folder / "m.tflite")).write(folder)
    (tmp_path / "texts.tsv").write_text("text\nso\n")
    options = ["--input", str(tmp_path / "texts.tsv"), "--out", str(tmp_path / "vectors.jsonl")]
    assert main(["predict", str(folder), *options]) == 0
    assert len((tmp_path / "vectors.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--data", "texts.tsv"], "a model of masked_lm has no labels to learn or to"),
        (["predict", "--text", "so"], "text must hold a [MASK]; got 'so'"),
        (["predict", "--text", "[MASK]", "--pair", "so"], "gaps are filled in one text"),
        (["predict"], "this is a masked_lm model; give it --text"),
        (["predict", "--text", "[MASK]", "--text-column", "so"], "--text-column is for --input"),
        (["predict", "--text", "[MASK]", "--question", "so"], "which reads no --question"),
    ],
)
def test_what_a_file_cannot_do_is_named(
    tmp_path: Path, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str],
    arguments: list[str], words: str,
) -> None:  # fmt: skip
    write_export(tmp_path / "filler", "filler", tokenizer)
    step, *options = arguments
    assert main([step, str(tmp_path / "filler"), *options]) == 1
    assert words in capsys.readouterr().err
