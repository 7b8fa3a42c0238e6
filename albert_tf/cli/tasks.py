"""Which task the user means, with the settings given; and the table of all of them.

arguments, commands, answers  ->  [tasks]  ->  tasks.named
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from albert_tf.cli.options import add_step, given_options, spelled
from albert_tf.cli.output import print_rows
from albert_tf.tasks.classification import ClassificationTask, find_labels
from albert_tf.tasks.named import find_task, has_columns, named_tasks
from albert_tf.tasks.task import Task

# Options that name the columns of a table.
COLUMNS = ("text_column", "pair_column", "label_column")
# Settings that only some families have.
_OF_FAMILIES = ("doc_stride", "max_query_length", "max_answer_length", "max_qa_length")


def add_tasks(steps: Any) -> None:
    """The subcommand that shows them."""
    add_step(
        steps, "tasks", show_tasks,
        "Show every task that has a name, its metric, and where its files are published. GLUE's "
        "files are read with their own columns; train, development and test files alike.",
        "albert-tf tasks",
    )  # fmt: skip


def show_tasks(arguments: argparse.Namespace) -> None:
    """Prints every task that has a name, what it is and where its files are published."""
    print_rows(
        ["task", "family", "metric", "files", "published at"],
        [
            [named.name, named.task.name, named.metric, ", ".join(named.files), named.page]
            for named in named_tasks()
        ],
        left=True,
    )


def new_task(arguments: argparse.Namespace) -> Task:
    """Returns the task to train for, with the labels of the training file where it has none.

    Raises:
        FileNotFoundError: no such training file.
        ValueError: columns were given for a task that has its own, or a setting that it has
            not, or the file is wrong.
    """
    task = find_task(arguments.task).task
    check_columns(arguments, task, arguments.task)
    check_settings(arguments, task)
    task = given_options(task, arguments)
    if isinstance(task, ClassificationTask) and not task.labels:
        task = replace(task, labels=find_labels(task.read(arguments.train, arguments.limit)))
    return task


def check_settings(arguments: argparse.Namespace, task: Task) -> None:
    """Refuses settings of another family.

    Raises:
        ValueError: such an option was given.
    """
    foreign = spelled(arguments, [name for name in _OF_FAMILIES if not hasattr(task, name)])
    if foreign:
        raise ValueError(f"{arguments.task} has no {', '.join(foreign)}; leave it out.")


def check_columns(arguments: argparse.Namespace, task: Task, name: str) -> None:
    """Refuses column options for a task whose files have columns of their own, or none.

    Raises:
        ValueError: such an option was given.
    """
    foreign = [column for column in COLUMNS if not (has_columns(task) and hasattr(task, column))]
    given = spelled(arguments, foreign)
    if given:
        raise ValueError(f"{name} knows its files, which need no {', '.join(given)}.")
