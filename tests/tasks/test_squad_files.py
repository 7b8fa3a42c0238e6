"""Files of questions are read as they are, mended where they can be, and refused by name."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from albert_tf.tasks.squad_files import QuestionExample, locate, read_questions, stream_questions

CONTEXT = "Mina was in the garden. Mina saw Ann."
KITCHEN = {"text": "garden", "answer_start": 16}


def write(path: Path, *questions: dict[str, Any], context: Any = CONTEXT) -> Path:
    given = [{"question": "Where?", **question} for question in questions]
    paragraph = {"context": context, "qas": given}
    path.write_text(json.dumps({"version": "any", "data": [{"paragraphs": [paragraph]}]}))
    return path


def test_both_versions_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "squad.json",
        {"id": "a", "answers": [KITCHEN, {"text": "the garden", "answer_start": 12}]},
        {"id": "b", "answers": [], "is_impossible": True, "plausible_answers": [KITCHEN]},
        {"id": "c", "answers": [KITCHEN], "is_impossible": False},
    )
    assert read_questions(path, version_2=True) == [
        QuestionExample("Where?", CONTEXT, ("garden", "the garden"), 16, "a"),
        QuestionExample("Where?", CONTEXT, (), None, "b", is_impossible=True),
        QuestionExample("Where?", CONTEXT, ("garden",), 16, "c"),
    ]
    assert [example.identifier for example in read_questions(path, 1)] == ["a"]


def test_unlabelled_questions_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", {"id": "a"}, {}, {})
    plain = QuestionExample("Where?", CONTEXT)
    assert list(stream_questions(path)) == [
        QuestionExample("Where?", CONTEXT, identifier="a"), plain, plain,
    ]  # fmt: skip


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", {"answers": [KITCHEN]})
    plain = read_questions(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_questions(path) == plain


@pytest.mark.parametrize(("given", "nearest"), [(0, 0), (1, 0), (13, 24), (99, 24), (-5, 0)])
def test_a_wrong_place_becomes_the_nearest(tmp_path: Path, given: int, nearest: int) -> None:
    path = write(
        tmp_path / "squad.json",
        {"id": "right", "answers": [KITCHEN]},
        {"id": "moved", "answers": [{"text": "Mina", "answer_start": given}]},
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        examples = read_questions(path)
    assert [example.answer_start for example in examples] == [16, nearest]
    told = [str(warning.message) for warning in caught]
    assert len(told) == (given != nearest)
    for message in told:
        assert f"{path} has 1 answers that are not at their answer_start" in message
        assert "that of question 'moved'" in message


def test_long_passages_are_searched_from_the_given_place() -> None:
    context = "the lamp " * 50_000
    example = QuestionExample("", context, ("lamp",), 225_001)
    assert locate(example).answer_start == 224_998 + 6
    assert locate(QuestionExample("", context, ("lamb",), 225_001)).answer_start is None


def test_a_blank_question_is_one_like_any_other(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", {"id": "q", "question": " ", "answers": [KITCHEN]})
    assert [(example.question, example.answers) for example in read_questions(path)] == [
        (" ", ("garden",))
    ]


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([{"id": "q", "answers": [KITCHEN]}] * 2, "two questions with the id 'q'"),
        ([{"id": "q", "answers": [{"text": "attic", "answer_start": 0}]}],
         "1 answers that are nowhere in their passage, such as 'attic' of question 'q'"),
        ([{"id": "q", "answers": []}], r"1 questions without an answer, such as 'q' \('Where\?'"),
        ([{"id": "q", "answers": [{"text": "", "answer_start": 0}]}], "'q': text must not be"),
        ([{"id": "q", "answers": [{"text": "Mina"}]}], "'q' is not .* 'answer_start' must"),
        ([{"id": "q", "answers": ["Mina"]}], "'q' is not in the layout of SQuAD: expected an obj"),
        ([{"id": 7, "answers": [KITCHEN]}], "paragraph 1, question 1 is not .* 'id' must be str"),
        ([{"id": "q", "answers": [], "is_impossible": True}],
         r"1 of its questions have no answer, such as 'q' .* a task with version_2=True"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_question_is_named(
    tmp_path: Path, questions: list[dict[str, Any]], words: str
) -> None:
    path = write(tmp_path / "squad.json", *questions)
    with pytest.raises(ValueError, match=rf"squad\.json.*{words}"):
        read_questions(path)


def test_a_question_labelled_both_ways_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", {"id": "q", "answers": [KITCHEN], "is_impossible": True})
    with pytest.raises(ValueError, match=r"1 questions that are impossible and yet have .* 'q'"):
        read_questions(path, version_2=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (
            '{"data": [{"paragraphs": [{"context": "a\\ud83d", "qas": []}]}]}',
            "article 1, paragraph 1 holds half a character",
        ),
        ("[]", "expected an object with 'data', got list"),
        ('{"data": []}', "holds no questions"),
        ('{"data": [{"paragraphs": [{"qas": []}]}]}', "article 1, paragraph 1 .* 'context' must"),
        ('{"data": [{"paragraphs": [{"context": " ", "qas": []}]}]}', "context must not be blank"),
        ('{"data": [{}]}', "article 1 is not in the layout of SQuAD: 'paragraphs' must be list"),
    ],
)
def test_another_layout_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "squad.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        read_questions(tmp_path / "squad.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_questions(tmp_path / "none.json")
