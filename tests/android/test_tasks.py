"""Kotlin packs, cuts into windows and decodes as Python does, on random cases.

Both read the small vocabularies of `tests/golden`. Logits are random and coarse, so that spans
of equal score are common.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf.demo.world import tell_story
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import task_to_dict
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from tests.android.jvm import run_main
from tests.text.test_golden import GOLDEN, READERS
from tests.text.test_normalization import FRENCH, GREEK, HARD, KOREAN, random_texts

MAIN = "org.alberttf.pipeline.tasks.CompareTasksKt"
QUESTIONS, TEXTS = 2_000, 1_000  # of each vocabulary


def passages(rng: np.random.Generator) -> Iterator[str]:
    odd = [*KOREAN, *GREEK, *FRENCH, *HARD, *random_texts(500), "", " ", "\U0001f600\x85 "]
    while True:
        parts = [odd[int(rng.integers(len(odd)))] for _ in range(int(rng.integers(3)))]
        parts += [tell_story(rng).passage for _ in range(int(rng.integers(4)))]
        yield rng.choice([" ", "\n", "\u3000"]).join(rng.permutation(parts))


def question_case(text: str, rng: np.random.Generator, tokenizer: Tokenizer) -> dict[str, Any]:
    length = int(rng.integers(20, 97))
    task = QuestionAnsweringTask(
        sequence_length=length,
        doc_stride=int(rng.integers(1, 60)),
        max_query_length=int(rng.integers(1, length - 3)),
        max_answer_length=int(rng.integers(1, 31)),
        version_2=bool(rng.random() < 0.5),
        null_threshold=float(rng.normal()),
    )
    example = QuestionExample(tell_story(rng).questions[0].text, text)
    windows = task.windows(example, tokenizer)
    tall = [len(window.packed.token_ids) + int(rng.integers(3)) for window in windows]
    outputs = [
        {name: rng.normal(size=size).round(1).astype(np.float32) for name in ("start", "end")}
        for size in tall
    ]
    answer = task.decode(example, windows, outputs)
    return {
        "question": example.question,
        "context": text,
        "task": task_to_dict(task),
        "windows": [
            {**packed(window.packed), **{name: row.tolist() for name, row in output.items()}}
            for window, output in zip(windows, outputs, strict=True)
        ],
        "answer": asdict(answer),
    }


def text_case(text: str, rng: np.random.Generator, tokenizer: Tokenizer) -> dict[str, Any]:
    task = ClassificationTask(labels=("a", "b", "c"), sequence_length=int(rng.integers(5, 60)))
    pair = tell_story(rng).sentences[0] if rng.random() < 0.5 else None
    (window,) = task.windows(TextExample(text, pair), tokenizer)
    probabilities = rng.dirichlet((1, 1, 1)).round(1).astype(np.float32)
    found = task.decode(TextExample(text), [window], [{"probabilities": probabilities}])
    return {
        "text": text, "pair": pair, "task": task_to_dict(task), **packed(window.packed),
        "probabilities": probabilities.tolist(), "label": found.label,
    }  # fmt: skip


def packed(sequence: Any) -> dict[str, list[int]]:
    return {"token_ids": sequence.token_ids.tolist(), "segment_ids": sequence.segment_ids.tolist()}


def write(path: Path, cases: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("vocabulary", READERS)
def test_packing_windows_and_answers_are_those_of_python(vocabulary: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tokenizer = load_tokenizer(GOLDEN / vocabulary)
    texts = passages(rng)
    questions = [question_case(next(texts), rng, tokenizer) for _ in range(QUESTIONS)]
    labelled = [text_case(next(texts), rng, tokenizer) for _ in range(TEXTS)]
    assert sum(len(case["windows"]) > 1 for case in questions) > QUESTIONS / 4
    files = [write(tmp_path / "q", questions), write(tmp_path / "t", labelled)]
    printed = run_main(MAIN, GOLDEN / vocabulary, *files)
    assert printed.strip() == f"{QUESTIONS + TEXTS} cases, 0 differ: []"

    # What must be noticed: a token moved, an answer one character off, another label.
    questions[0]["windows"][0]["segment_ids"][0] ^= 1
    questions[1]["answer"]["end"] += 1
    labelled[0]["label"] = "d"
    files = [write(tmp_path / "q", questions), write(tmp_path / "t", labelled)]
    printed = run_main(MAIN, GOLDEN / vocabulary, *files)
    assert printed.strip() == f"{QUESTIONS + TEXTS} cases, 3 differ: [0, 1, {QUESTIONS}]"
