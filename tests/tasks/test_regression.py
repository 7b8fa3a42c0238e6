"""A number of a table is read, trained on as a float, and scored by correlations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.regression import RegressionTask, ScoredExample, ScorePrediction
from albert_tf.tasks.task import TaskModel, read_task, write_task
from albert_tf.text.tokenizer import Tokenizer

TASK = RegressionTask(text_column="a", pair_column="b", label_column="n", sequence_length=17)


def test_numbers_of_a_named_column_are_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b,n\nx,y,-3e1\nz,,7\n")
    assert TASK.read(path) == [ScoredExample("x", "y", -30.0), ScoredExample("z", "", 7.0)]
    assert TASK.read(path, limit=1) == [ScoredExample("x", "y", -30.0)]
    (tmp_path / "new.csv").write_text("a,b\nx,y\n")
    assert list(TASK.stream(tmp_path / "new.csv")) == [ScoredExample("x", "y")]


def test_a_model_of_pairs_answers_no_single_text(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="a model of pairs must be given a pair; got 'so' alone"):
        TASK.windows(ScoredExample("so"), tokenizer)
    with pytest.raises(ValueError, match=r"must leave room .*; got 4"):
        replace(TASK, sequence_length=4)


@pytest.mark.parametrize("number", ["much", "nan", "inf", "1,5"])
def test_what_is_no_number_is_named_by_its_line(tmp_path: Path, number: str) -> None:
    path = tmp_path / "data.tsv"
    path.write_text(f"a\tb\tn\nx\ty\t1\nx\ty\t{number}\n")
    with pytest.raises(ValueError, match=f"data.tsv line 3: n must be a number; got '{number}'"):
        TASK.read(path)


def write_stsb(path: Path, score: str) -> Path:
    names = "genre filename year old_index source1 source2 sentence1 sentence2 score"
    rows = [["index", *names.split()], ["9", *"xxxxxx", "A", "B", score]]
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    return path


def test_stsb_has_columns_of_its_own_and_scores_to_5(tmp_path: Path) -> None:
    task = RegressionTask(dataset="stsb")
    assert task.read(write_stsb(tmp_path / "dev.tsv", "4.750")) == [
        ScoredExample("A", "B", 4.75, "9")
    ]
    with pytest.raises(ValueError, match=r"line 2: score must be a number from 0 to 5; got '5.1'"):
        task.read(write_stsb(tmp_path / "dev.tsv", "5.1"))
    with pytest.raises(ValueError, match="text_column must not be given for stsb"):
        RegressionTask(dataset="stsb", text_column="a")
    with pytest.raises(ValueError, match="dataset rte has classes, not numbers"):
        RegressionTask(dataset="rte")


def test_the_target_is_a_float_whatever_the_score(tokenizer: Tokenizer) -> None:
    (sample,) = TASK.encode(ScoredExample("lamp " * 40, "key", 3), tokenizer)
    assert len(sample.inputs[0].token_ids) == 17
    assert sample.inputs[0].segment_ids.max() == 1
    assert sample.targets == {"score": 3.0}
    assert type(sample.targets["score"]) is float
    with pytest.raises(ValueError, match="'lamp' has no score to train on"):
        TASK.encode(ScoredExample("lamp"), tokenizer)


def test_the_answer_is_what_the_model_says(tokenizer: Tokenizer) -> None:
    def run(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"score": np.full(len(batch["token_ids"]), 6.5, np.float32)}

    found = TaskModel(TASK, tokenizer, run, 3).predict_all([ScoredExample("a", "b")] * 5)
    assert list(found) == [ScorePrediction(6.5)] * 5


def test_scores_are_correlations_in_percent() -> None:
    examples = [ScoredExample("", score=score) for score in (1.0, 2.0, 3.0)]
    predictions = [ScorePrediction(score) for score in (1.0, 2.0, 9.0)]
    assert TASK.metric == "pearson"
    assert TASK.score(examples, predictions) == {
        "pearson": pytest.approx(100 * np.corrcoef([1, 2, 3], [1, 2, 9])[0, 1]),
        "spearman": pytest.approx(100.0), "examples": 3,
    }  # fmt: skip


def test_a_written_task_reads_back_equal(tmp_path: Path) -> None:
    write_task(TASK, tmp_path)
    assert read_task(tmp_path) == TASK
