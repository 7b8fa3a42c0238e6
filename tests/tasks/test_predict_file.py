"""A file is answered row by row, whatever stops the work in between."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.packing import Ints
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.predict_file import predict_file
from albert_tf.tasks.task import Floats, TaskModel
from albert_tf.text.tokenizer import Tokenizer

TASK = ClassificationTask(labels=("no", "yes"), sequence_length=23)
TEXTS = [f"Mina {'was here ' * (number % 5)}{number}" for number in range(107)]


class Counter:
    """Logits that depend on the ids, and how many rows were asked; stops after `most` batches."""

    def __init__(self, most: int = 10_000) -> None:
        self.rows = 0
        self.left = most

    def __call__(self, batch: dict[str, Ints]) -> dict[str, Floats]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.rows += len(batch["token_ids"])
        sums = (batch["token_ids"] * batch["padding_mask"]).sum(axis=1)
        return {"logits": np.stack([np.sin(sums), np.cos(sums)], axis=1).astype(np.float32)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "rows.tsv"
    path.write_text("text\n" + "".join(f"{text}\n" for text in TEXTS))
    return path


def answer(source: Path, out: Path, tokenizer: Tokenizer, run: Counter, name: str = "a") -> int:
    return predict_file(TaskModel(TASK, tokenizer, run, 2), source, out, model_name=name)


def test_every_row_is_answered_in_order(source: Path, tmp_path: Path, tokenizer: Tokenizer) -> None:
    out = tmp_path / "made" / "out.jsonl"
    assert answer(source, out, tokenizer, Counter()) == 107
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(1, 108))
    alone = TaskModel(TASK, tokenizer, Counter())
    for text, line in zip(TEXTS, lines, strict=True):
        expected = alone.predict(TextExample(text))
        assert (line["label"], line["probabilities"]) == (expected.label, expected.probabilities)
    assert sorted(path.name for path in out.parent.iterdir()) == ["out.jsonl"]


def test_work_that_was_stopped_goes_on_to_the_same_file(
    source: Path, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    answer(source, whole, tokenizer, Counter())
    with pytest.raises(KeyboardInterrupt):
        answer(source, stopped, tokenizer, Counter(most=35))
    assert not stopped.exists()
    part = tmp_path / "stopped.jsonl.part"
    with part.open("ab") as file:
        file.write(b'{"row": 65, "lab')  # a line that the stop cut off
    rest = Counter()
    answer(source, stopped, tokenizer, rest)
    assert stopped.read_bytes() == whole.read_bytes()
    assert rest.rows == 107 - 64  # two pools of 32 rows were finished


def test_other_work_is_not_continued(source: Path, tmp_path: Path, tokenizer: Tokenizer) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        answer(source, out, tokenizer, Counter(most=20))
    with pytest.raises(ValueError, match="its model was 'a', not 'b'"):
        answer(source, out, tokenizer, Counter(), name="b")
    other = TaskModel(replace(TASK, sequence_length=9), tokenizer, Counter(), 2)
    with pytest.raises(ValueError, match="its task was"):
        predict_file(other, source, out, model_name="a")
    header, *rows = source.read_text().splitlines(keepends=True)
    source.write_text("".join([header, *reversed(rows)]))
    with pytest.raises(ValueError, match="its source_content was"):
        answer(source, out, tokenizer, Counter())


def test_a_finished_file_stays(source: Path, tmp_path: Path, tokenizer: Tokenizer) -> None:
    out = tmp_path / "out.jsonl"
    answer(source, out, tokenizer, Counter())
    with pytest.raises(FileExistsError, match="exists; choose another file"):
        answer(source, out, tokenizer, Counter())


def test_a_bad_row_is_named_before_anything_is_answered(
    source: Path, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    source.write_text(source.read_text() + "a\tb\n")
    run = Counter()
    with pytest.raises(ValueError, match=r"rows.tsv line 109 must have 1 cells"):
        answer(source, tmp_path / "out.jsonl", tokenizer, run)
    assert run.rows == 0


def test_memory_does_not_grow_with_the_file(tmp_path: Path, tokenizer: Tokenizer) -> None:
    peaks = []
    for rows in (500, 5_000):
        path = tmp_path / f"{rows}.tsv"
        path.write_text("text\n" + "Mina was here.\n" * rows)
        tracemalloc.start()
        answer(path, tmp_path / f"{rows}.jsonl", tokenizer, Counter())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The rows alone, as lines, would take 0.5 MB more.
    assert peaks[1] < peaks[0] + 100_000
