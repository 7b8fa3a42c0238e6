"""A recipe is shown as much of a task as tells what is usual, or random pieces."""

import json
from pathlib import Path

import numpy as np
import pytest

from albert_tf.export import calibration
from albert_tf.export.calibration import Shown, show
from albert_tf.export.heads import open_head
from albert_tf.text.tokenizer import load_tokenizer


def shown(source: Path, recipe: str, examples: Path | None = None) -> Shown:
    head, task = open_head(source)
    return show(head, recipe, task, load_tokenizer(source), examples)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """As many as one of them is long."""
    path = tmp_path / "texts.jsonl"
    rows = [{"text": "Mina found a lamp. " * number} for number in range(1, 8)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_recipe_of_floats_sees_nothing(models: Path, texts: Path) -> None:
    assert shown(models / "classifier", "float16", texts) == Shown([], {})


def test_examples_are_shown_until_there_are_enough_tokens(
    models: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = shown(models / "classifier", "dynamic_wi8_afp32", texts).inputs
    lengths = [batch["token_ids"].size for batch in everything]
    assert len(set(lengths)) > 2
    assert len(lengths) == 7
    monkeypatch.setattr(calibration, "_TOKENS", sum(lengths[:3]))
    found = shown(models / "classifier", "dynamic_wi8_afp32", texts)
    assert [batch["token_ids"].tolist() for batch in found.inputs] == [
        batch["token_ids"].tolist() for batch in everything[:3]
    ]
    # What enters the layers is of these alone, in each of five applications.
    assert max(moments.rows for moments in found.entering.values()) == 5 * sum(lengths[:3])


@pytest.mark.slow
def test_random_pieces_stand_in_and_are_the_same_every_time(models: Path) -> None:
    source = models / "classifier"
    found = shown(source, "dynamic_wi4b32_afp32")
    assert found.inputs == []  # nothing that a static recipe could take
    # Of 16 inputs: one row each for the pooler, and 31 in each of five applications.
    assert {moments.rows for moments in found.entering.values()} == {16, 16 * 31 * 5}
    again = shown(source, "dynamic_wi4b32_afp32").entering
    for one, other in zip(found.entering.values(), again.values(), strict=True):
        np.testing.assert_array_equal(one.mean, other.mean)


def test_random_pieces_have_cls_in_front(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def watched(backbone: object, batches: list[dict[str, np.ndarray]], wanted: object) -> dict:
        seen.extend(batch["token_ids"][0, 0] for batch in batches)
        return {}

    monkeypatch.setattr(calibration, "measure_entering", watched)
    shown(models / "answerer", "compat")
    assert set(seen) == {load_tokenizer(models / "answerer").special.cls}
