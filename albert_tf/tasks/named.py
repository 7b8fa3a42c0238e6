"""The benchmarks of the paper by name: which task each is, and where its files come from.

[named.find_task]  ->  cli; task.Task

The last three names are for files of one's own.

Source: the pages that `NamedTask.page` gives.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.glue import DATASETS
from albert_tf.tasks.race import LEVELS, MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.tasks.texts import TABLE

_GLUE = "https://gluebenchmark.com/tasks"
_SQUAD = "https://rajpurkar.github.io/SQuAD-explorer"
_RACE = "https://www.cs.cmu.edu/~glai1/data/race"
_RACE_FILES = ("train/", "dev/", "test/")
_OWN = "a file of your own"
_TABLE_FILES = ("a .csv, .tsv, .txt or .jsonl table",)

# What differs between the datasets of a family; the rest a model was trained with.
_OF_DATASETS = {"dataset", "text_column", "pair_column", "label_column", "version_2", "level"}


@dataclass(frozen=True)
class NamedTask:
    """A task as it is asked for, and what it expects."""

    name: str
    task: Task  # the family, with its settings
    files: tuple[str, ...]  # to train on, to validate on, to submit
    page: str  # where they are published

    @property
    def metric(self) -> str:
        """The score that tells the better of two models."""
        return self.task.metric


def named_tasks() -> tuple[NamedTask, ...]:
    """Returns every task that has a name, those of the paper first."""
    squad1, squad2 = QuestionAnsweringTask(), QuestionAnsweringTask(version_2=True)
    return (
        NamedTask("squad1", squad1, ("train-v1.1.json", "dev-v1.1.json"), _SQUAD),
        NamedTask("squad2", squad2, ("train-v2.0.json", "dev-v2.0.json"), _SQUAD),
        *(_glue(name) for name in DATASETS),
        NamedTask("race", MultipleChoiceTask(), _RACE_FILES, _RACE),
        *(
            NamedTask(f"race_{level}", MultipleChoiceTask(level), _RACE_FILES, _RACE)
            for level in LEVELS
        ),
        NamedTask("classification", ClassificationTask(), _TABLE_FILES, _OWN),
        NamedTask("regression", RegressionTask(), _TABLE_FILES, _OWN),
        NamedTask("question_answering", squad1, ("a .json file as SQuAD 1.1",), _OWN),
    )


def task_names() -> tuple[str, ...]:
    """Returns the names, in the order of `named_tasks`."""
    return tuple(named.name for named in named_tasks())


def find_task(name: str) -> NamedTask:
    """Returns the task of a name.

    Raises:
        ValueError: there is none.

    >>> find_task("mrpc").metric
    'f1'
    """
    for named in named_tasks():
        if named.name == name:
            return named
    raise ValueError(f"unknown task {name!r}; choose one of {', '.join(task_names())}.")


def read_as(trained: Task, name: str) -> Task:
    """Returns the task of a model, made to read the files of another dataset of its family.

    So a model of mnli is scored on mnli_mismatched. The name of a family changes nothing.

    Args:
        trained: What the model was trained for; its labels and lengths stay.
        name: One of `task_names`.

    Raises:
        ValueError: the model is of another family, or knows other labels.
    """
    wanted = find_task(name).task
    if wanted.name != trained.name:
        raise ValueError(f"the model was trained for {trained.name}; {name} is {wanted.name}.")
    if name == wanted.name:
        return trained
    changes: dict[str, Any] = {
        field.name: getattr(wanted, field.name)
        for field in fields(wanted)  # type: ignore[arg-type]
        if field.name in _OF_DATASETS
    }
    changed: Task = replace(trained, **changes)  # type: ignore[type-var]
    return changed


def has_columns(task: Task) -> bool:
    """Whether the user says which column holds what."""
    return getattr(task, "dataset", None) == TABLE


def _glue(name: str) -> NamedTask:
    dataset = DATASETS[name]
    task: Task = (
        ClassificationTask(dataset=name) if dataset.labels else RegressionTask(dataset=name)
    )
    end = {"mnli": "_matched", "mnli_mismatched": "_mismatched"}.get(name, "")
    return NamedTask(name, task, ("train.tsv", f"dev{end}.tsv", f"test{end}.tsv"), _GLUE)
