"""A file that scores too far below the model it was made from is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.export.drop import BARS, Drop, DropError, Gate, measure_drop
from albert_tf.export.recipes import RECIPES
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.training.evaluate import load


def test_every_recipe_has_a_bar() -> None:
    assert set(RECIPES) <= set(BARS)


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
    drop = Drop("accuracy", whole, exported, examples)
    if accepted:
        drop.check(bar)
        return
    message = rf"at most {bar:g} points of accuracy; it loses .* on {examples} .*--accept-drop"
    with pytest.raises(DropError, match=message):
        drop.check(bar)


def test_what_has_no_score_is_not_judged_by_one(tmp_path: Path) -> None:
    task = EmbeddingTask(sequence_length=9)
    Gate().check_recipe("dynamic_wi8_afp32", task)
    with pytest.raises(ValueError, match="embeddings have no score; leave --validation out"):
        Gate(validation=tmp_path).check_recipe("dynamic_wi8_afp32", task)
    with pytest.raises(ValueError, match="static_wi8_ai8 must see examples of a task, and emb"):
        Gate().check_recipe("static_wi8_ai8", task)
    with pytest.raises(FileNotFoundError, match=r"validation must be a labelled file; got .*none"):
        Gate(validation=tmp_path / "none").check_recipe("float16", ClassificationTask())


def test_both_are_scored_on_the_same_examples(models: Path) -> None:
    model = load(models / "classifier")
    texts = ["Mina found a lamp.", "at the lake", "so", "Ravi " * 9, "in the garden at dawn"]
    examples = [TextExample(text, label=model.predict(TextExample(text)).label) for text in texts]
    same = measure_drop(model, model, examples)
    assert (same.metric, same.whole, same.exported, same.examples) == ("accuracy", 100, 100, 5)
    # The control: a file that says the contrary.
    contrary = replace(model, run=lambda batch: {"logits": -model.run(batch)["logits"]})
    assert measure_drop(model, contrary, examples).points == 100
