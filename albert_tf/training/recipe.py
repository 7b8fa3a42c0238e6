"""Published settings of named tasks, read from files that a user can read too.

recipes/*.toml  ->  [recipe.read_recipe]  ->  cli, finetune
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from albert_tf.training.options import FinetuningOptions

# "plain" is the defaults of FinetuningOptions; the others are published, per version of ALBERT.
RECIPES = ("paper", "paper-v2", "plain")
_FOLDER = files("albert_tf.training") / "recipes"


@dataclass(frozen=True)
class Recipe:
    """How a task is fine-tuned, and what came of it where it was published."""

    settings: dict[str, Any] = field(default_factory=dict)  # of FinetuningOptions
    sequence_length: int | None = None  # None leaves that of the task
    scores: dict[str, float] = field(default_factory=dict)  # by size, in percent

    def options(self, given: Mapping[str, Any]) -> FinetuningOptions:
        """Returns the settings of a run, where what was given by hand goes first.

        A run whose length was given warms up for the same share of it as the recipe's.

        Args:
            given: Settings of `FinetuningOptions` by name.

        Raises:
            ValueError: a setting is impossible.
        """
        settings = dict(self.settings)
        steps = settings.get("steps")
        if steps and {"steps", "epochs"} & given.keys():
            settings["warmup_share"] = settings.pop("warmup_steps") / settings.pop("steps")
        return FinetuningOptions(**{**settings, **given})


def published_tasks() -> tuple[str, ...]:
    """The tasks that have a published recipe, sorted."""
    found = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def read_recipe(task_name: str, name: str | None = None) -> Recipe:
    """Returns a recipe of a task.

    Args:
        task_name: As on the command line, such as "sst2"; others than the published ones have
            the plain recipe alone.
        name: One of `RECIPES`; None for "paper" where there is one.

    Raises:
        ValueError: an unknown name, or the task has no such recipe.
    """
    published = task_name in published_tasks()
    name = name or ("paper" if published else "plain")
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    if name == "plain":
        return Recipe()
    if not published:
        raise ValueError(
            f"recipe {name!r} is for the tasks {', '.join(published_tasks())}; got {task_name}. "
            f"Choose plain, and give settings by hand."
        )
    content = tomllib.loads((_FOLDER / f"{task_name}.toml").read_text(encoding="utf-8"))
    version = "v2" if name == "paper-v2" else "v1"
    return Recipe(
        {**content["options"], **content.get(version, {})},
        content["sequence_length"],
        {size: score[version] for size, score in content["scores"].items() if version in score},
    )
