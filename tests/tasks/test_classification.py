"""Any table with named columns becomes a classification task."""

from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.classification import (
    ClassificationTask,
    ClassPrediction,
    TextExample,
    find_labels,
    read_rows,
)
from albert_tf.tasks.task import TaskModel, read_task, write_task
from albert_tf.text.tokenizer import Tokenizer

TASK = ClassificationTask(labels=("neg", "pos"), sequence_length=17)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.csv", 'text,label\n"a, ""b""",pos\nc,neg\n'),
        ("data.tsv", 'text\tlabel\na, "b"\tpos\nc\tneg\n'),
        ("data.txt", '\ufefftext\tlabel\r\na, "b"\tpos\r\nc\tneg\r\n'),
        ("data.jsonl", '{"text": "a, \\"b\\"", "label": "pos"}\n\n{"text": "c", "label": "neg"}\n'),
    ],
)
def test_every_layout_gives_the_same_rows(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    examples = TASK.read(tmp_path / name)
    assert examples == [TextExample('a, "b"', None, "pos"), TextExample("c", None, "neg")]
    assert TASK.read(tmp_path / name, limit=1) == examples[:1]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.tsv", "txt\tlabel\na\tpos\n", "row 1 has no column 'text'; it has .'label', 'txt'"),
        ("data.tsv", "text\tlabel\na\n", "row 1 has no column 'label'"),
        ("data.tsv", "text\tlabel\n", "holds no rows"),
        ("data.jsonl", '{"text": ', "line 1 is not JSON"),
        ("data.jsonl", "[1]", "line 1 must hold a JSON object"),
        ("data.csv", 'text,label\n"a,pos\n', "is damaged"),
        ("data.xls", "", "must end in .csv, .tsv, .txt or .jsonl"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=words):
        TASK.read(tmp_path / name)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_bytes(b"text\tlabel\n\xff\xfe\tpos\n")
    with pytest.raises(ValueError, match="must be UTF-8 text"):
        list(read_rows(tmp_path / "data.tsv"))


def test_pairs_are_two_segments_cut_to_the_length(tokenizer: Tokenizer) -> None:
    (sample,) = TASK.encode(TextExample("lamp " * 40, "key", "pos"), tokenizer)
    assert len(sample.inputs[0].token_ids) == 17
    assert sample.inputs[0].segment_ids.max() == 1
    assert sample.targets == {"logits": 1}


def test_an_empty_text_can_be_classified(tokenizer: Tokenizer) -> None:
    def run(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert batch["token_ids"].tolist() == [[tokenizer.special.cls, tokenizer.special.sep]]
        return {"logits": np.array([[0.0, np.log(3.0)]], np.float32)}

    prediction = TaskModel(TASK, tokenizer, run).predict(TextExample(""))
    assert prediction.label == "pos"
    assert prediction.probabilities["pos"] == pytest.approx(0.75)


def test_accuracy_is_a_percentage() -> None:
    examples = [TextExample("a", label=label) for label in ("pos", "neg", "neg", "neg")]
    predictions = [ClassPrediction("neg", {})] * 4
    assert TASK.score(examples, predictions) == {"accuracy": 75.0, "examples": 4}


def test_unknown_labels_are_named(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="label must be one of neg, pos; got 'meh'"):
        TASK.encode(TextExample("a", label="meh"), tokenizer)
    with pytest.raises(ValueError, match="at least 2 labels"):
        find_labels([TextExample("a", label="pos")])


def test_a_written_task_reads_back_equal(tmp_path: Path) -> None:
    write_task(TASK, tmp_path)
    assert read_task(tmp_path) == TASK


def test_a_folder_without_task_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no fine-tuned model"):
        read_task(tmp_path)


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("text,label\nhello, world,pos\n")
    with pytest.raises(ValueError, match="row 1 has more cells than the table has columns"):
        ClassificationTask().read(tmp_path / "table.csv")
