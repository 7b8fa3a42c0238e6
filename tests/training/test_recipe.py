"""Published settings are read as they are written, and give way to what is given by hand."""

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.recipe import RECIPES, published_tasks, read_recipe

TASKS = (
    "cola", "mnli", "mrpc", "qnli", "qqp", "race",
    "rte", "squad1", "squad2", "sst2", "stsb", "wnli",
)  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["paper", "paper-v2"])
def test_every_task_of_the_paper_has_possible_settings(task: str, name: str) -> None:
    recipe = read_recipe(task, name)
    options = recipe.options({})
    assert options.steps is not None
    assert options.warmup_steps is not None
    assert options.warmup_steps < options.steps / 3
    assert recipe.sequence_length in {384, 512}
    assert recipe.scores.keys() <= set(AlbertConfig.sizes())
    assert all(50 < score < 100 for score in recipe.scores.values())


def test_the_tasks_are_those_of_the_paper() -> None:
    assert published_tasks() == TASKS


def test_the_numbers_of_one_task_are_those_published() -> None:
    recipe = read_recipe("sst2")
    options = recipe.options({})
    assert (options.learning_rate, options.batch_size) == (1e-5, 32)
    assert (options.steps, options.warmup_steps) == (20_935, 1_256)
    assert recipe.scores["albert_base"] == 90.3
    assert read_recipe("sst2", "paper-v2").scores["albert_base"] == 92.9


def test_version_two_answers_race_without_dropout_and_at_a_lower_rate() -> None:
    first, second = (read_recipe("race", name).options({}) for name in ("paper", "paper-v2"))
    assert (first.dropout, second.dropout) == (0.1, 0.0)
    assert second.learning_rate < first.learning_rate
    assert second.steps == first.steps


def test_what_is_given_by_hand_goes_first() -> None:
    options = read_recipe("sst2").options({"learning_rate": 2e-5, "seed": 3})
    assert (options.learning_rate, options.seed, options.batch_size) == (2e-5, 3, 32)


@pytest.mark.parametrize("length", [{"steps": 100}, {"epochs": 5}])
def test_another_length_keeps_the_share_of_the_warmup(length: dict[str, int]) -> None:
    options = read_recipe("rte").options(length)  # published: 200 of 800 steps
    assert options.length(steps_per_epoch=20) == (100, 25)
    assert read_recipe("rte").options({**length, "warmup_steps": 7}).length(20) == (100, 7)


def test_a_task_of_the_user_has_the_plain_recipe() -> None:
    assert read_recipe("classification").options({}) == FinetuningOptions()
    assert read_recipe("rte", "plain").options({}) == FinetuningOptions()
    assert FinetuningOptions().length(steps_per_epoch=50) == (100, 10)


def test_unknown_recipes_are_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=f"unknown recipe 'v3'; choose one of {RECIPES[0]}, "):
        read_recipe("rte", "v3")
    with pytest.raises(ValueError, match=r"'paper' is for the tasks cola, .*; got classification"):
        read_recipe("classification", "paper")
