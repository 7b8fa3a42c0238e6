"""The app's pipeline and engine answer as `albert_tf.runtime` does, from raw text and a real model.

The models are those that `make demo-android` put into the app; the engine is the app's, over the
same runtime built for a desktop.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from albert_tf import runtime
from albert_tf.demo.world import tell_story
from albert_tf.tasks.squad import QuestionExample
from tests.android.jvm import OFFLINE, run_main
from tests.text.test_normalization import FRENCH, HARD, KOREAN, random_texts

ASSETS = OFFLINE.parent / "app" / "src" / "main" / "assets"
MAIN = "org.alberttf.desktop.AnswerKt"
ODD = [*KOREAN, *FRENCH, *HARD, *random_texts(60), "", " ", "\U0001f600 \U0001f600", "a" * 3_000]


def check_close(ours: npt.ArrayLike, theirs: npt.ArrayLike, most: float) -> None:
    """Nearly all answers must be equal, the others apart by no more than `most`.

    Two builds of the runtime may add up in another order. Exports in float32 then differ by 3e-8
    of probabilities and 1e-6 of scores of up to 23. With 8 bits, as here, some processors also
    round an activation the other way in a few texts: seen in 9 of 1,195, by up to 1.4e-4 of
    probabilities. Without XNNPACK, whose arithmetic is another, over 89 % of all answers differ
    by more than 1e-5: probabilities by up to 0.013, scores by up to 0.34.
    """
    apart = np.abs(np.subtract(ours, theirs))
    assert np.mean(apart < 1e-5) > 0.97
    assert apart.max() < most


def model_folder(task: str) -> Path:
    folder = ASSETS / task
    if not (folder / "contract.json").exists():
        pytest.skip(f"the app has no model for {task}; run: make demo-android")
    return folder


def kotlin(folder: Path, examples: Sequence[dict[str, Any]], file: Path) -> list[dict[str, Any]]:
    file.write_text("".join(json.dumps(example) + "\n" for example in examples), encoding="utf-8")
    printed = run_main(MAIN, folder, file, module="desktop")
    # Not splitlines: an answer may hold other characters that end lines.
    return [json.loads(line) for line in printed.rstrip("\n").split("\n")]


@pytest.mark.slow
def test_questions_get_the_same_answers(tmp_path: Path) -> None:
    folder = model_folder("question_answering")
    rng = np.random.default_rng(1)
    stories = [tell_story(rng) for _ in range(40)]
    pairs = [(question.text, s.passage) for s in stories for question in s.questions]
    pairs += [("Where was Mina?", odd) for odd in ODD]
    pairs += [(pairs[n][0], " ".join(s.passage for s in stories[n:][:9])) for n in range(20)]
    examples = [{"question": question, "context": context} for question, context in pairs]

    found = kotlin(folder, examples, tmp_path / "examples")
    model = runtime.load(folder)
    expected = list(model.predict_all(QuestionExample(*pair) for pair in pairs))
    assert len(expected) > 400
    assert [(a["text"], a["start"], a["end"]) for a in found] == [
        (answer.text, answer.start, answer.end) for answer in expected
    ]
    check_close([a["score"] for a in found], [answer.score for answer in expected], most=0.02)

    # What must be noticed: another question about the same story.
    other = kotlin(folder, [{**examples[0], "question": examples[1]["question"]}], tmp_path / "one")
    assert other[0]["text"] != expected[0].text


@pytest.mark.slow
def test_texts_get_the_same_classes(tmp_path: Path) -> None:
    folder = model_folder("classification")
    rng = np.random.default_rng(1)
    texts = [text for _ in range(170) for text, _ in tell_story(rng).times] + ODD
    found = kotlin(folder, [{"text": text} for text in texts], tmp_path / "examples")
    expected = runtime.load(folder).classify(texts)
    assert len(expected) > 1_000
    assert [answer["label"] for answer in found] == [answer.label for answer in expected]
    assert [*found[0]["probabilities"]] == [*expected[0].probabilities]
    check_close(
        [[*answer["probabilities"].values()] for answer in found],
        [[*answer.probabilities.values()] for answer in expected],
        most=2e-3,
    )

    # What must be noticed: a sentence that tells of another time of day.
    at_dawn, at_night = texts[0], texts[5]
    other = kotlin(folder, [{"text": at_night}], tmp_path / "one")
    assert at_dawn != at_night
    assert other[0]["label"] != expected[0].label
