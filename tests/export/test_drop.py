"""A file that scores too far below the model it was made from is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.export.drop import AGREEMENT_BARS, BARS, Drop, DropError, Gate, _bar, measure_scores
from albert_tf.export.recipes import CALIBRATED_RECIPES, RECIPES
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.embedding import Embedding, EmbeddingTask
from albert_tf.tasks.mask_filling import GapPrediction, Guess, MaskFillingTask
from albert_tf.training.evaluate import load


def test_every_recipe_has_a_bar() -> None:
    for bars in (BARS, *AGREEMENT_BARS.values()):
        assert set(RECIPES) - CALIBRATED_RECIPES <= set(bars)
    assert set(RECIPES) == set(BARS)


@pytest.mark.parametrize(
    ("whole", "exported", "examples", "bar", "accepted"),
    [
        (90.0, 90.0, 1000, 0.0, True),
        (90.0, 91.0, 1000, 0.0, True),
        (90.0, 89.7, 1000, 0.3, True),
        (90.0, 89.6, 1000, 0.3, False),
        (90.0, math.nan, 1000, 0.3, False),
    ],
)
def test_a_drop_is_compared_with_its_bar(
    whole: float, exported: float, examples: int, bar: float, accepted: bool
) -> None:
    drop = Drop("accuracy", whole, exported, examples, bar)
    if accepted:
        drop.check()
        return
    message = rf"at most {bar:g} points of accuracy; it loses .* on {examples} .*--accept-drop"
    with pytest.raises(DropError, match=message):
        drop.check()


def test_what_would_not_be_seen_is_refused(tmp_path: Path) -> None:
    task = EmbeddingTask(sequence_length=9)
    with pytest.raises(
        ValueError, match="static_wi8_ai8 has no bar where there is no score, as for emb"
    ):
        Gate().check_recipe("static_wi8_ai8", task)
    for gate in (Gate(), Gate(accept_drop=0)):
        with pytest.raises(ValueError, match="float16 changes answers, so that must be seen"):
            gate.check_recipe("float16", task)
    for gate in (Gate(validation=tmp_path), Gate(accept_drop=1)):
        gate.check_recipe("float16", task)
    Gate().check_recipe("float32", task)
    with pytest.raises(FileNotFoundError, match=r"validation must be examples; got .*none"):
        Gate(validation=tmp_path / "none").check_recipe("float16", ClassificationTask())


def test_a_limit_needs_examples_to_limit(tmp_path: Path) -> None:
    for gate in ({"validation": tmp_path, "validation_limit": 0}, {"validation_limit": 5}):
        with pytest.raises(ValueError, match="validation_limit must be at least 1, with --valid"):
            Gate(**gate)


def test_files_without_a_score_are_compared_with_the_float_file(tmp_path: Path) -> None:
    table = tmp_path / "texts.tsv"
    table.write_text("text\nso\nat [MASK]\n")
    assert Gate(validation=table, validation_limit=1).read(EmbeddingTask()) == [TextExample("so")]
    table.write_text("text\n")
    with pytest.raises(ValueError, match=r"texts.tsv must hold texts; it has none"):
        Gate(validation=table).read(EmbeddingTask())
    one, other = Embedding((3.0, 4.0), ()), Embedding((4.0, 3.0), ())
    assert EmbeddingTask().agreement([one, one], [one, other]) == pytest.approx(98)  # 1 and 0.96
    first, second = ([[Guess(piece, 0.5)] for piece in pieces] for pieces in ("ab", "cb"))
    assert MaskFillingTask().agreement([GapPrediction(first)], [GapPrediction(second)]) == 50


def test_both_are_scored_on_the_same_examples(models: Path) -> None:
    model = load(models / "classifier")
    texts = ["Mina found a lamp.", "at the lake", "so", "Ravi " * 9, "in the garden at dawn"]
    examples = [TextExample(text, label=model.predict(TextExample(text)).label) for text in texts]
    assert measure_scores(model, model, examples) == ("accuracy", (100, 100))
    # The control: a file that says the contrary.
    contrary = replace(model, run=lambda batch: {"logits": -model.run(batch)["logits"]})
    assert measure_scores(model, contrary, examples) == ("accuracy", (100, 0))


@pytest.mark.parametrize(
    ("metric", "examples", "accepted"),
    [
        ("accuracy", 19, 0.3),
        ("accuracy", 20, 5.0),
        ("accuracy", 1000, 0.3),
        ("pearson", 20, 0.3),
    ],
)
def test_one_answer_may_change_where_there_are_twenty(
    metric: str, examples: int, accepted: float
) -> None:
    assert _bar("dynamic_wi8_afp32", ClassificationTask(), metric, examples) == accepted
