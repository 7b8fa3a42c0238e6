"""Programs of others answer from our files, unmodified, as our runtime does.

Each runs in an environment of its own under `.peers`, which the first test of it makes. What
they cannot do is tested too, so that the README may say so.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.examples.packing import pad_batch
from albert_tf.export import bundle
from albert_tf.export.drop import Gate
from albert_tf.export.metadata import QUESTION_LENGTH
from albert_tf.export.signature import Form
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import TaskModel
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from tests.export.clients import ClientError, ask
from tests.export.conftest import tiny_config, write_model

pytestmark = pytest.mark.slow

WORDPIECE = Path(__file__).parents[1] / "golden" / "wordpiece"
SMALL = ("float16", "compat")  # recipes for old programs
LABELS = ("no", "예, sì", "per\nhaps")
TEXTS = [
    "Mina found a lamp.",
    "",
    "MINA, she found 1,000 lamps!",
    "Caf\u00e9 \u2014 \u201cna\u00efve\u201d, \ufb01ne \uff21\uff22",
    "so\tit was \n at  dawn ",
    "[SEP] Mina [CLS]",
    "\uc608 \u6f22\u5b57 \U0001f600",
]
# The Task Library neither drops accents for WordPiece nor lowers more than a to z.
WORDPIECE_TEXTS = [TEXTS[index] for index in (0, 1, 2, 4, 5)]
# Both compute in float32 with sums in another order; the largest difference seen is 6e-7, of a
# score up to 1 or as a share of a larger one.
TOLERANCE = 1e-5
# Older runtimes round activations of 8 bits in another way.
ROUNDING = 0.002
# BertQuestionAnswerer's longest answer.
ASKING = QuestionAnsweringTask(max_answer_length=32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Exports `classifier`, `wordpiece` and `answerer`, their models, and small classifiers."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("clients")
    task = ClassificationTask(labels=LABELS, sequence_length=QUESTION_LENGTH)
    for name, vocabulary in (("classifier", tokenizer), ("wordpiece", load_tokenizer(WORDPIECE))):
        backbone = AlbertBackbone(tiny_config(vocabulary, QUESTION_LENGTH))
        model = AlbertTextClassifier(backbone, num_classes=3)
        write_model(folder / f"{name}-model", model, vocabulary, task)
    write_model(folder / "answerer-model", sure_answerer(tokenizer), tokenizer, ASKING)
    for name in ("classifier", "wordpiece", "answerer"):
        bundle.export(folder / f"{name}-model", folder / name, "float32")
    for recipe in SMALL:
        unseen = Gate(accept_drop=100)
        bundle.export(folder / "classifier-model", folder / recipe, recipe, gate=unseen)
    return folder


def sure_answerer(tokenizer: Tokenizer) -> AlbertQuestionAnswerer:
    """Random weights, but for padding, which it scores low as trained models do.

    The client ranks the scores of all 384 tokens, padding among them, and keeps five.
    """
    model = AlbertQuestionAnswerer(AlbertBackbone(tiny_config(tokenizer, QUESTION_LENGTH)))
    rng = np.random.default_rng(0)
    token_ids = rng.integers(5, tokenizer.vocab_size, (1, QUESTION_LENGTH)).astype(np.int32)
    padding_mask = np.int32(np.arange(QUESTION_LENGTH)[None] < QUESTION_LENGTH // 2)
    batch = {"token_ids": token_ids * padding_mask, "padding_mask": padding_mask}
    states = model.backbone({**batch, "segment_ids": padding_mask})["sequence_output"]
    halves = np.asarray(states)[0].reshape(2, QUESTION_LENGTH // 2, -1)
    real, padding = halves.mean(axis=1)  # [H]
    start = rng.normal(size=len(padding))
    end = start + 0.7 * rng.normal(size=len(padding))
    towards = 20 * (real - padding) / np.linalg.norm(real - padding)
    model.head.kernel.assign(np.stack([start + towards, end + towards], axis=1))
    return model


def our_scores(folder: Path, texts: list[str]) -> list[dict[str, float]]:
    """The output of the file for each text as our runtime reads it, by label."""
    model = runtime.load(folder)
    outputs = [model.run(packed(model, text)) for text in texts]
    return [by_label(scores[0]) for (scores,) in map(dict.values, outputs)]


def by_label(scores: Any) -> dict[str, float]:
    labels = [" ".join(label.splitlines()) for label in LABELS]
    return dict(zip(labels, map(float, scores), strict=True))


def packed(model: TaskModel, text: str) -> dict[str, Any]:
    (window,) = model.task.windows(TextExample(text), model.tokenizer)
    return pad_batch([window.packed], pad_id=model.tokenizer.special.pad)


def assert_alike(
    found: list[Any], expected: list[dict[str, float]], tolerance: float = TOLERANCE
) -> None:
    assert len(found) == len(expected)
    for theirs, ours in zip(found, expected, strict=True):
        assert dict(theirs) == pytest.approx(ours, abs=tolerance)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("classifier", TEXTS),
        ("wordpiece", WORDPIECE_TEXTS),
        *((recipe, TEXTS) for recipe in SMALL),
    ],
)
def test_the_task_library_classifies_as_we_do(folder: Path, name: str, texts: list[str]) -> None:
    found = ask("task_library", "classify_with_task_library", folder / name / "model.tflite", texts)
    expected = our_scores(folder / name, texts)
    tolerance = ROUNDING if name == "compat" else TOLERANCE
    assert_alike(found, expected, tolerance)
    predicted = [runtime.load(folder / name).predict(TextExample(text)) for text in texts]
    best = [max(theirs, key=lambda pair: pair[1])[0] for theirs in found]
    assert best == [" ".join(prediction.label.splitlines()) for prediction in predicted]
    # The control: the scores of another text.
    for theirs, ours in zip(found, expected[1:], strict=False):
        with pytest.raises(AssertionError):
            assert_alike([theirs], [ours], tolerance)


def test_the_task_library_does_not_cut_a_long_text(folder: Path) -> None:
    path = folder / "classifier" / "model.tflite"
    with pytest.raises(ClientError, match="Invoke"):
        ask("task_library", "classify_with_task_library", path, ["at " * QUESTION_LENGTH])


def test_the_task_library_answers_questions_as_we_do(
    folder: Path, stories: list[list[str]]
) -> None:
    asked = ["Where was Mina?", "Who found the lamp?", "Where is it now?"]
    questions = [
        (question, " ".join(story[: 4 + index]))
        for index, question in enumerate(asked)
        for story in stories[:4]
    ]
    found = ask(
        "task_library",
        "answer_with_task_library",
        folder / "answerer" / "model.tflite",
        questions,
    )
    model = runtime.load(folder / "answerer")
    answers = [model.predict(QuestionExample(*question)) for question in questions]
    expected = [
        whole_words(passage, answer.start, answer.end)
        for (_, passage), answer in zip(questions, answers, strict=True)
    ]
    assert found == expected
    # The control: the answers to other questions.
    assert found != [*expected[1:], expected[0]]


@pytest.mark.parametrize("form", [Form(sequence_length=128), Form("unrolled", 128)])
def test_the_task_library_refuses_what_it_would_write_beyond(
    folder: Path, tmp_path: Path, form: Form
) -> None:
    bundle.export(folder / "answerer-model", tmp_path / "out", "float32", form)
    path = tmp_path / "out" / "model.tflite"
    with pytest.raises(ClientError, match="process unit"):
        ask("task_library", "answer_with_task_library", path, [["Where?", "Mina was in."]])


def whole_words(passage: str, start: int, end: int) -> str:
    """The client answers in whole words, which spaces part."""
    first = passage.rfind(" ", 0, start) + 1
    last = passage.find(" ", end)
    return passage[first : last if last >= 0 else None]


@pytest.mark.parametrize(("name", "texts"), [("classifier", TEXTS), ("wordpiece", WORDPIECE_TEXTS)])
def test_mediapipe_refuses_a_loop_and_answers_without_one(
    folder: Path, name: str, texts: list[str]
) -> None:
    """MediaPipe takes models of one subgraph, so an unrolled encoder, and of one length."""
    with pytest.raises(ClientError, match="single subgraph"):
        ask("mediapipe", "classify_with_mediapipe", folder / name / "model.tflite", texts)
    target = folder / f"{name}-unrolled"
    bundle.export(folder / f"{name}-model", target, "float32", Form("unrolled", 31))
    found = ask("mediapipe", "classify_with_mediapipe", target / "model.tflite", texts)
    assert_alike(found, our_scores(target, texts))
