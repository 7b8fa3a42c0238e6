"""A file that scores too far below the model it was made from is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from albert_tf.export.drop import BARS, Drop, DropError, measure_drop
from albert_tf.export.recipes import RECIPES
from albert_tf.tasks.classification import TextExample
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
        (90.0, 89.5, 200, 0.3, True),  # one example of 200
        (90.0, 89.0, 200, 0.3, False),
    ],
)
def test_a_bar_or_one_example(
    whole: float, exported: float, examples: int, bar: float, accepted: bool
) -> None:
    drop = Drop("accuracy", whole, exported, examples)
    if accepted:
        drop.check(bar)
        return
    message = rf"at most {bar:g} points of accuracy; it loses .* on {examples} .*--accept-drop"
    with pytest.raises(DropError, match=message):
        drop.check(bar)


def test_both_are_scored_on_the_same_examples(models: Path) -> None:
    model = load(models / "classifier")
    texts = ["Mina found a lamp.", "at the lake", "so", "Ravi " * 9, "in the garden at dawn"]
    examples = [TextExample(text, label=model.predict(TextExample(text)).label) for text in texts]
    same = measure_drop(model, model, examples)
    assert (same.metric, same.whole, same.exported, same.examples) == ("accuracy", 100, 100, 5)
    # The control: a file that says the contrary.
    contrary = replace(model, run=lambda batch: {"logits": -model.run(batch)["logits"]})
    assert measure_drop(model, contrary, examples).points == 100
