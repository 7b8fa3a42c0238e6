"""Whole files are scored as the published rules of SQuAD say, here stated a second time."""

import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from albert_tf.tasks.squad_files import QuestionExample, read_questions
from albert_tf.tasks.squad_scores import best_thresholds, score_version_1, score_version_2

Answers = list[tuple[str, ...]]


def words_of(text: str) -> list[str]:
    """Words in lower case; punctuation is dropped first, then words that are articles."""
    kept = "".join(" " if c.isspace() else c for c in text.lower() if c not in string.punctuation)
    # An article is also one that a character which is no letter of a word stands beside.
    parted = "".join(c if c.isalnum() or c == "_" else f" {c} " for c in kept)
    if not any(word in {"a", "an", "the"} for word in parted.split()):
        return kept.split()
    words, word = [], ""
    for character in f"{kept} ":
        if character.isalnum() or character == "_":
            word += character
            continue
        words.append(" " if word in {"a", "an", "the"} else word)
        words.append(character)
        word = ""
    return "".join(words).split()


def plain_exact(text: str, answer: str) -> float:
    return 1.0 if words_of(text) == words_of(answer) else 0.0


def plain_f1(text: str, answer: str, *, version_2: bool) -> float:
    said, wanted = words_of(text), words_of(answer)
    if version_2 and not (said and wanted):
        return 1.0 if said == wanted else 0.0
    common, left = 0, list(wanted)
    for word in said:
        if word in left:
            left.remove(word)
            common += 1
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def plain_version_1(answers: Answers, texts: list[str]) -> dict[str, float]:
    exact = overlap = 0.0
    for given, text in zip(answers, texts, strict=True):
        exact += max(plain_exact(text, answer) for answer in given)
        overlap += max(plain_f1(text, answer, version_2=False) for answer in given)
    return {
        "exact_match": 100 * exact / len(texts), "f1": 100 * overlap / len(texts),
        "examples": len(texts),
    }  # fmt: skip


def plain_question(given: tuple[str, ...], text: str) -> tuple[float, float]:
    wanted = [answer for answer in given if words_of(answer)] or [""]
    return (
        max(plain_exact(text, answer) for answer in wanted),
        max(plain_f1(text, answer, version_2=True) for answer in wanted),
    )


def plain_version_2(answers: Answers, texts: list[str]) -> dict[str, float]:
    rows = [plain_question(*pair) for pair in zip(answers, texts, strict=True)]
    result = {"examples": len(rows)}
    for kind, chosen in (
        ("", rows),
        ("HasAns_", [row for row, given in zip(rows, answers, strict=True) if given]),
        ("NoAns_", [row for row, given in zip(rows, answers, strict=True) if not given]),
    ):
        if chosen:
            result[f"{kind}exact"] = 100 * sum(row[0] for row in chosen) / len(chosen)
            result[f"{kind}f1"] = 100 * sum(row[1] for row in chosen) / len(chosen)
            if kind:
                result[f"{kind}total"] = len(chosen)
    return result


def at_threshold(
    answers: Answers, words: list[str], differences: list[float]
) -> Callable[[float], tuple[float, float]]:
    """Exact match and F1 by the threshold above which nothing is answered."""
    rows = [plain_question(*pair) for pair in zip(answers, words, strict=True)]

    def score(threshold: float) -> tuple[float, float]:
        exact = overlap = 0.0
        for given, text, difference, row in zip(answers, words, differences, rows, strict=True):
            silent = difference > threshold
            if silent or not given:
                # Words are words here, even if they are articles alone.
                row = (float(not given and (silent or not text)),) * 2
            exact, overlap = exact + row[0], overlap + row[1]
        return 100 * exact / len(answers), 100 * overlap / len(answers)

    return score


CHANGES: list[Callable[[str, QuestionExample], str]] = [
    lambda answer, example: answer,
    lambda answer, example: f"the {answer.upper()}!",
    lambda answer, example: answer[: len(answer) // 2],
    lambda answer, example: f"{answer}, {answer} -- an",
    lambda answer, example: f"a{answer}",
    lambda answer, example: example.context[:40],
    lambda answer, example: f"\u201cthe {answer}\u201d\u2014a",
    lambda answer, example: "",
    lambda answer, example: "The.",
]


def predictions(examples: list[QuestionExample], seed: int) -> list[str]:
    """Answers that are right, nearly right, wrong and empty."""
    rng = np.random.default_rng(seed)
    texts = []
    for example in examples:
        answers = example.answers or (example.question,)
        change = CHANGES[int(rng.integers(len(CHANGES)))]
        texts.append(change(answers[int(rng.integers(len(answers)))], example))
    return texts


def made_up(count: int) -> list[QuestionExample]:
    rng = np.random.default_rng(5)
    words = np.array(["the", "a", "An", "lamp", "U.S.", "", "kitchen's", "\u00e9t\u00e9", "1,000"])
    return [
        QuestionExample(
            "Who?", "context",
            tuple(" ".join(rng.choice(words, 3)) for _ in range(rng.integers(0, 4))),
        )
        for _ in range(count)
    ]  # fmt: skip


def check_version_1(examples: list[QuestionExample]) -> None:
    answers = [example.answers for example in examples]
    texts = predictions(examples, seed=0)
    found = score_version_1(answers, texts)
    assert found == pytest.approx(plain_version_1(answers, texts), rel=1e-12)  # another order
    # The control: one other answer is another score.
    changed = [*texts[:-1], "none of these"]
    texts[-1] = answers[-1][0]
    assert score_version_1(answers, changed) != score_version_1(answers, texts)


def check_version_2(examples: list[QuestionExample]) -> None:
    answers = [example.answers for example in examples]
    texts = predictions(examples, seed=1)
    found = score_version_2(answers, texts)
    assert found == pytest.approx(plain_version_2(answers, texts), rel=1e-12)
    # Impossible questions have larger differences, by and large; some are equal.
    rng = np.random.default_rng(2)
    differences = [round(rng.normal(-1 if given else 1), 1) for given in answers]
    best = best_thresholds(answers, texts, differences)
    score = at_threshold(answers, texts, differences)
    scores = [score(threshold) for threshold in sorted(set(differences))]
    for name, values in zip(("best_exact", "best_f1"), zip(*scores, strict=True), strict=True):
        # No threshold parts equal differences, but the official search does.
        assert best[name] >= max(values) - 1e-9
    unequal = [10 * d + place / len(answers) for place, d in enumerate(differences)]
    best = best_thresholds(answers, texts, unequal)
    score = at_threshold(answers, texts, unequal)
    for row, name in enumerate(("best_exact", "best_f1")):
        assert best[name] == pytest.approx(score(best[f"{name}_thresh"])[row], rel=1e-12)
        others = [score(other)[row] for other in rng.choice(unequal, 40)]
        assert best[name] >= max(others) - 1e-9
        assert best[name] > min(others) + 1  # the control: thresholds matter


def test_made_up_answers_are_scored_by_the_rules() -> None:
    examples = made_up(400)
    check_version_1([example for example in examples if example.answers])
    check_version_2(examples)


@pytest.mark.parity
def test_the_whole_of_squad_1_is_scored_by_the_rules(shared_data: Path) -> None:
    check_version_1(read_questions(shared_data / "squad" / "dev-v1.1.json"))
    check_version_1(read_questions(shared_data / "korquad" / "KorQuAD_v1.0_dev.json"))


@pytest.mark.parity
def test_the_whole_of_squad_2_is_scored_by_the_rules(shared_data: Path) -> None:
    check_version_2(read_questions(shared_data / "squad" / "dev-v2.0.json", version_2=True))


def test_an_impossible_question_wants_nothing_but_articles_and_punctuation() -> None:
    assert score_version_2([(), (), ()], ["", "The.", "lamp"]) == {
        "exact": pytest.approx(200 / 3), "f1": pytest.approx(200 / 3), "examples": 3,
        "NoAns_exact": pytest.approx(200 / 3), "NoAns_f1": pytest.approx(200 / 3),
        "NoAns_total": 3,
    }  # fmt: skip


def test_the_best_threshold_is_the_largest_difference_still_answered() -> None:
    answers, words = [("lamp",), ("key",), ()], ["lamp", "key", "cat"]
    assert best_thresholds(answers, words, [-3.0, 1.5, 2.5]) == {
        "best_exact": 100.0, "best_exact_thresh": 1.5, "best_f1": 100.0, "best_f1_thresh": 1.5,
    }  # fmt: skip
    # Where answering never helps, the threshold is that of the official search: 0.
    assert best_thresholds([(), ()], ["a cat", "cat"], [1.0, 2.0])["best_f1_thresh"] == 0.0


def test_no_questions_are_an_error() -> None:
    for score in (score_version_1, score_version_2):
        with pytest.raises(ValueError, match="at least one question; got none"):
            score([], [])
    with pytest.raises(ValueError, match="at least one question; got none"):
        best_thresholds([], [], [])
