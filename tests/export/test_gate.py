"""An export shows that it answers as the float file does, or is not written."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.export import bundle
from albert_tf.export.drop import DropError, Gate
from albert_tf.export.report import REPORT_FILES
from albert_tf.export.verify import ParityError
from albert_tf.tasks.classification import TextExample
from albert_tf.training.evaluate import load

UNSEEN = Gate(accept_drop=100)


def test_a_recipe_that_changes_answers_must_be_seen_or_accepted(
    models: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="give --validation, a file of examples, or --accept"):
        bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32")
    for points in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"at least 0 and finite; got {points}"):
            Gate(accept_drop=points)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_file_that_scores_too_low_is_not_written(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(models / "classifier")
    texts = ["Mina found a lamp.", "at the lake", "so", "Ravi " * 9, "in the garden at dawn"]
    rows = [f"{text}\t{model.predict(TextExample(text)).label}\n" for text in texts]
    table = tmp_path / "dev.tsv"
    table.write_text("text\tlabel\n" + "".join(rows))
    target = tmp_path / "out"
    seen = Gate(validation=table)
    bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=seen)
    assert {path.name for path in target.iterdir()} >= {"model.tflite", *REPORT_FILES}
    report = json.loads((target / "report.json").read_text())
    assert report["score"]["examples"] == len(texts)
    assert report["score"]["whole"] == 100
    assert len(report["error_by_depth"]) == 5
    assert set(report["latency_ms"]) == {"24", "31"}
    before = (target / "report.json").read_bytes()
    # A quantizer that loses the weights.
    monkeypatch.setattr("albert_tf.export.bundle.quantize", other_weights)
    with pytest.raises(DropError, match=r"must lose at most 0\.3 points of accuracy; it loses"):
        bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=seen)
    assert (target / "report.json").read_bytes() == before
    accepted = Gate(validation=table, accept_drop=100)
    bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=accepted)
    score = json.loads((target / "report.json").read_text())["score"]
    assert score["drop"] > 0.3
    assert score["accepted"] == 100


@pytest.mark.slow
@pytest.mark.parametrize("head", ["embeddings", "masked_lm"])
def test_a_file_without_a_score_must_agree_with_the_float_file(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    source, target, table = models / "pretrained", tmp_path / "out", tmp_path / "texts.tsv"
    words = ("Mina", "lamp", "so", "at dawn", "the lake", "home")
    texts = [f"{first} [MASK] {second}." for first in words for second in words]
    table.write_text("text\n" + "".join(f"{text}\n" for text in texts))
    seen = Gate(validation=table)
    bundle.export(source, target, "dynamic_wi8_afp32", head=head, gate=seen)
    score = json.loads((target / "report.json").read_text())["score"]
    assert (score["metric"], score["whole"], score["examples"]) == ("agreement", 100, len(texts))
    assert score["exported"] > 75
    # A quantizer that loses the weights.
    monkeypatch.setattr("albert_tf.export.bundle.quantize", other_weights)
    with pytest.raises(DropError, match="points of agreement; it loses"):
        bundle.export(source, target, "dynamic_wi8_afp32", head=head, gate=seen)


@pytest.mark.slow
def test_hidden_states_are_compared_on_the_examples(models: Path, tmp_path: Path) -> None:
    table = tmp_path / "dev.tsv"
    errors = []
    # The first two ask the same of other words; without examples the words are random.
    for text in ("Mina found a lamp.", "in the garden at dawn", None):
        table.write_text(f"text\tlabel\n{text}\tyes\n")
        gate = Gate(validation=table if text else None, accept_drop=100)
        bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32", gate=gate)
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        errors.append(tuple(report["error_by_depth"]))
    assert len(set(errors)) == 3


def test_answers_that_are_no_numbers_are_not_written(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: bytes, name: str, *_: object) -> bytes:
        return other_weights(model, name, spread=np.inf)

    monkeypatch.setattr("albert_tf.export.bundle.quantize", broken)
    with pytest.raises(ParityError, match="must be finite; it is not for 2 tokens of 2"):
        bundle.export(models / "classifier", tmp_path / "out", "float16", gate=UNSEEN)
    assert not list(tmp_path.iterdir())


def other_weights(model: bytes, name: str, *_: object, spread: float = 1, **__: object) -> bytes:
    """Puts random numbers into every matrix of a float file."""
    rng = np.random.default_rng(0)
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    for buffer in parsed.buffers:
        if buffer.data is not None and len(buffer.data) > 256:
            numbers = spread * rng.normal(size=len(buffer.data) // 4).astype(np.float32)
            buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))
