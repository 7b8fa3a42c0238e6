"""RACE is read from its folders, packed as in the official code, and scored by level."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf.tasks.race import ChoiceExample, ChoicePrediction, MultipleChoiceTask
from albert_tf.tasks.task import TaskModel, read_task, write_task
from albert_tf.text.tokenizer import Tokenizer

TASK = MultipleChoiceTask(sequence_length=41, max_qa_length=11)
OPTIONS = ("a key", "a lamp", "a box", "a door")
CONTENT = {
    "article": "Mina found a lamp.", "questions": ["Mina found _ .", "Who found a lamp?"],
    "options": [list(OPTIONS), ["Ravi", "no one", "Mina", "all"]], "answers": ["B", "C"],
    "id": "high7.txt",
}  # fmt: skip
FIRST = ChoiceExample("Mina found a lamp.", "Mina found _ .", OPTIONS, 1, "high", "high/7.txt#1")


def write(folder: Path, level: str, name: str, content: Any) -> None:
    (folder / level).mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / level / name).write_text(text, encoding="utf-8")


def test_levels_are_folders_of_files(tmp_path: Path) -> None:
    write(tmp_path, "high", "7.txt", CONTENT)
    write(tmp_path, "middle", "10.txt", "\ufeff" + json.dumps(CONTENT))
    write(tmp_path, "middle", "notes.md", "no JSON")
    identifiers = ["middle/10.txt#1", "middle/10.txt#2", "high/7.txt#1", "high/7.txt#2"]
    assert [example.identifier for example in TASK.read(tmp_path)] == identifiers
    assert TASK.read(tmp_path, limit=3)[2] == FIRST
    high = replace(TASK, level="high").read(tmp_path)
    assert [example.answer for example in high] == [1, 2]


def test_a_folder_without_the_level_is_named(tmp_path: Path) -> None:
    write(tmp_path, "high", "7.txt", CONTENT)
    assert len(TASK.read(tmp_path)) == 2
    with pytest.raises(FileNotFoundError, match="must be a folder that holds middle"):
        replace(TASK, level="middle").read(tmp_path)
    with pytest.raises(FileNotFoundError, match="must be a folder that holds middle or high"):
        TASK.read(tmp_path / "high" / "7.txt")
    (tmp_path / "empty" / "high").mkdir(parents=True)
    with pytest.raises(ValueError, match="empty holds no questions"):
        TASK.read(tmp_path / "empty")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"answers": ["B"]}, "must be equally many; got 2, 2 and 1"),
        ({"answers": ["B", "E"]}, "the answer of question 2 must be one of A, B, C, D; got 'E'"),
        ({"options": [["a"] * 4, ["a"] * 3]}, "question 2 must have 4 options; got 3"),
        ({"article": None}, "article must hold text; got None"),
        ({"questions": [1, 2]}, "questions must hold text; got 1"),
        ({"options": 4}, "not in the layout of RACE"),
    ],
)
def test_another_layout_is_named_by_its_file(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    write(tmp_path, "high", "7.txt", {**CONTENT, **change})
    with pytest.raises(ValueError, match=f"7.txt is not in the layout of RACE: .*{words}|{words}"):
        TASK.read(tmp_path)


def test_what_is_no_race_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "high", "7.txt", "{")
    with pytest.raises(ValueError, match=r"7.txt is not JSON"):
        TASK.read(tmp_path)
    write(tmp_path, "high", "7.txt", {"article": ""})
    with pytest.raises(ValueError, match=r"7.txt is not in the layout of RACE: it has no 'quest"):
        TASK.read(tmp_path)
    (tmp_path / "high" / "7.txt").write_bytes(b'{"article": "\xff"}')
    with pytest.raises(ValueError, match=r"7.txt must be UTF-8"):
        TASK.read(tmp_path)


def test_answers_are_needed_to_score_but_not_to_answer(tmp_path: Path) -> None:
    write(tmp_path, "high", "7.txt", {k: v for k, v in CONTENT.items() if k != "answers"})
    assert [example.answer for example in TASK.stream(tmp_path)] == [None, None]
    with pytest.raises(ValueError, match=r"high/7.txt#1 has no answer"):
        TASK.read(tmp_path)


def test_an_option_fills_the_gap_or_follows_the_question(tokenizer: Tokenizer) -> None:
    special = tokenizer.special
    passage = tokenizer.encode_ids([FIRST.passage])[0]

    def expected(text: str) -> list[int]:
        return [special.cls, *passage, special.sep, *tokenizer.encode_ids([text])[0], special.sep]

    task = replace(TASK, sequence_length=512, max_qa_length=128)
    (sample,) = task.encode(FIRST, tokenizer)
    assert len(sample.inputs) == 4
    assert sample.inputs[1].token_ids.tolist() == expected("Mina found a lamp .")
    assert sample.inputs[1].segment_ids.tolist() == [
        int(place >= len(passage) + 2) for place in range(sample.length)
    ]
    assert sample.targets == {"logits": 1}
    follows = replace(FIRST, question="Where?")
    assert task.windows(follows, tokenizer)[3].packed.token_ids.tolist() == expected(
        "Where? a door"
    )


def test_the_passage_is_cut_at_its_end_and_the_question_at_its_start(tokenizer: Tokenizer) -> None:
    long = ChoiceExample("lamp key " * 40, "red box " * 40, OPTIONS)
    passage, ending = tokenizer.encode_ids([long.passage, f"{long.question.strip()} a key"])
    packed = TASK.windows(long, tokenizer)[0].packed
    # [CLS] and two [SEP] beside the 11 last of one and the 27 first of the other.
    assert len(packed.token_ids) == 41
    assert packed.token_ids[1:28].tolist() == passage[:27]
    assert packed.token_ids[29:40].tolist() == ending[-11:]


def test_the_option_with_the_highest_logit_is_the_answer(tokenizer: Tokenizer) -> None:
    wanted = tokenizer.encode_ids(["Mina found a lamp ."])[0]

    def run(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = [row[batch["segment_ids"][i] == 1].tolist() for i, row in enumerate(
            batch["token_ids"])]  # fmt: skip
        logits = [[np.log(7.0) if row[: len(wanted)] == wanted else 0.0] for row in rows]
        return {"logits": np.array(logits, np.float32)}

    task = replace(TASK, sequence_length=64, max_qa_length=32)
    for size in (1, 3):
        found = list(TaskModel(task, tokenizer, run, size).predict_all([FIRST, FIRST]))
        assert [prediction.label for prediction in found] == ["B", "B"]
        assert found[0].probabilities == pytest.approx({"A": 0.1, "B": 0.7, "C": 0.1, "D": 0.1})


def test_accuracy_is_also_that_of_each_level() -> None:
    examples = [
        ChoiceExample("", "", OPTIONS, answer, level)
        for answer, level in ((0, "high"), (1, "high"), (2, "middle"), (3, "high"))
    ]
    predictions = [ChoicePrediction(label, {}) for label in "ABCC"]
    assert TASK.score(examples, predictions) == {
        "accuracy": 75.0, "accuracy_high": pytest.approx(200 / 3), "accuracy_middle": 100.0,
        "examples": 4,
    }  # fmt: skip


def test_what_cannot_be_trained_on_is_named(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="has no answer to train on"):
        TASK.encode(replace(FIRST, answer=None), tokenizer)
    with pytest.raises(ValueError, match=r"must have 4 options; got 3"):
        TASK.encode(replace(FIRST, options=OPTIONS[:3]), tokenizer)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"level": "low"}, "level must be middle, high or all; got 'low'"),
        ({"num_choices": 1}, "num_choices must be from 2 to 26; got 1"),
        ({"sequence_length": 131}, r"sequence_length must exceed max_qa_length \(128"),
        ({"max_qa_length": 0}, "max_qa_length .*at least 1"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MultipleChoiceTask(**settings)


def test_a_written_task_reads_back_equal(tmp_path: Path) -> None:
    write_task(TASK, tmp_path)
    assert read_task(tmp_path) == TASK


@pytest.mark.parametrize(
    ("split", "levels"),
    [("train", {"middle": 1577, "high": 1338}), ("dev", {"middle": 1436, "high": 1364})],
)
def test_the_real_passages_are_read_whole(
    shared_data: Path, split: str, levels: dict[str, int]
) -> None:
    folder = shared_data / "race" / split
    examples = MultipleChoiceTask().read(folder)
    assert Counter(example.level for example in examples) == levels
    assert len({example.identifier for example in examples}) == len(examples)
    middle = MultipleChoiceTask(level="middle").read(folder)
    assert middle == [example for example in examples if example.level == "middle"]
