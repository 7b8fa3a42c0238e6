"""Answers survive windowing, are found by the best span, and are cut from the original text."""

import json
from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.squad import (
    AnswerPrediction,
    QuestionAnsweringTask,
    QuestionExample,
    best_span,
)
from albert_tf.tasks.task import TaskModel
from albert_tf.text.tokenizer import Tokenizer

TASK = QuestionAnsweringTask(sequence_length=41, doc_stride=13, max_query_length=11)
CONTEXT = (
    "At dawn Mina was in the Kitchen. " * 9 + "Then she found a RED  lamp. " + "So it was. " * 9
)
EXAMPLE = QuestionExample("What did Mina find?", CONTEXT, ("RED  lamp",), CONTEXT.index("RED"))


def oracle(tokenizer: Tokenizer, wanted: str) -> object:
    """Scores high the windows' tokens of `wanted`, wherever they are in the input."""
    ids = tokenizer.encode(wanted).token_ids

    def run(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = batch["token_ids"].tolist()
        start, end = (np.zeros(batch["token_ids"].shape, np.float32) for _ in range(2))
        for number, row in enumerate(rows):
            for place in range(len(row)):
                if row[place : place + len(ids)] == ids:
                    start[number, place], end[number, place + len(ids) - 1] = 5.0, 5.0
        return {"start": start, "end": end}

    return run


def test_every_window_label_points_at_the_answer(tokenizer: Tokenizer) -> None:
    samples = TASK.encode(EXAMPLE, tokenizer)
    assert samples
    whole = tokenizer.encode("RED  lamp")
    # The mark of a word's beginning may be a piece of its own, which covers no character.
    answer = whole.token_ids[whole.spans[0] == (0, 0) :]
    holding = [sample for sample in samples if sample.targets["end"]]
    assert 0 < len(holding) < len(samples)
    assert {s.targets["start"] for s in samples if s.targets["end"] == 0} == {0}
    for sample in holding:
        labelled = slice(sample.targets["start"], sample.targets["end"] + 1)
        assert sample.inputs[0].token_ids[labelled].tolist() == answer
        assert len(sample.inputs[0].token_ids) <= 41


def test_the_answer_is_cut_from_the_original_text(tokenizer: Tokenizer) -> None:
    prediction = TaskModel(TASK, tokenizer, oracle(tokenizer, "red lamp")).predict(EXAMPLE)
    assert prediction.text == "RED  lamp"
    assert prediction.start == EXAMPLE.answer_start
    assert CONTEXT[prediction.start : prediction.end] == prediction.text


def test_answers_come_in_order_whatever_the_batch(tokenizer: Tokenizer) -> None:
    contexts = [CONTEXT[start:] for start in range(0, len(CONTEXT), 11)]
    questions = [QuestionExample("What did Mina find?", context) for context in contexts]
    alone, together = (
        list(TaskModel(TASK, tokenizer, oracle(tokenizer, "red lamp"), size).predict_all(questions))
        for size in (1, 7)
    )
    assert alone == together
    assert {answer.text for answer in alone} > {"RED  lamp"}


def test_an_empty_passage_has_an_empty_answer(tokenizer: Tokenizer) -> None:
    prediction = TaskModel(TASK, tokenizer, oracle(tokenizer, "lamp")).predict(
        QuestionExample("Who?", "")
    )
    assert prediction == AnswerPrediction("", 0, 0, 0.0)


def test_the_best_span_equals_a_plain_search() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        start, end = rng.normal(size=17), rng.normal(size=17)
        pairs = [(i, j) for i in range(17) for j in range(i, min(i + 5, 17))]
        first, last, score = best_span(start, end, max_length=5)
        assert score == max(start[i] + end[j] for i, j in pairs)
        assert (first, last) in pairs


def test_scores_are_percentages() -> None:
    given = [AnswerPrediction("the red lamp", 0, 0, 0.0), AnswerPrediction("red lamp", 0, 0, 0.0)]
    examples = [QuestionExample("", "", ("lamp",)), QuestionExample("", "", ("red lamp",))]
    assert TASK.score(examples, given) == {
        "exact_match": 50.0, "f1": pytest.approx(100 * (2 / 3 + 1) / 2), "examples": 2
    }  # fmt: skip


def write(path: Path, answers: list[dict[str, object]]) -> Path:
    question = {"id": "1", "question": "Who?", "answers": answers}
    content = {"data": [{"paragraphs": [{"context": "Mina was.", "qas": [question]}]}]}
    path.write_text(json.dumps(content))
    return path


def test_the_official_layout_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", [{"text": "Mina", "answer_start": 0}])
    assert TASK.read(path) == [QuestionExample("Who?", "Mina was.", ("Mina",), 0, "1")]


def test_questions_without_answer_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", [])
    with pytest.raises(ValueError, match=r"1 questions without an answer, such as '1' .'Who.'"):
        TASK.read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "is not JSON"), ("[]", "not in the layout"), ('{"data": []}', "holds no questions")],
)
def test_another_layout_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "squad.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        TASK.read(tmp_path / "squad.json")


def test_a_length_without_room_for_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="must exceed max_query_length"):
        QuestionAnsweringTask(sequence_length=66)


@pytest.mark.parametrize("change", [{"context": None}, {"qas": [{"question": 3, "answers": []}]}])
def test_a_value_of_another_type_is_a_wrong_layout(
    tmp_path: Path, change: dict[str, object]
) -> None:
    paragraph = {"context": "a", "qas": [{"question": "b", "answers": []}], **change}
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}))
    with pytest.raises(ValueError, match="not in the layout of SQuAD"):
        TASK.read(path)
