"""Fine-tunes as a recipe and the user say, once or with several seeds.

commands  ->  [finetuning.finetune]  ->  training.finetune, training.seeds
"""

from __future__ import annotations

import argparse
from functools import partial

from albert_tf.cli.options import given
from albert_tf.cli.output import print_rows, print_table
from albert_tf.tasks.task import Task
from albert_tf.training.evaluation import best_save
from albert_tf.training.finetune import finetune as train
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.recipe import Recipe
from albert_tf.training.seeds import Train, finetune_seeds


def finetune(task: Task, recipe: Recipe, arguments: argparse.Namespace) -> None:
    """Trains, and prints the best save of one run or the scores of several."""
    files = {"training": arguments.train, "validation": arguments.validation}
    run = partial(
        train,
        task,
        arguments.model,
        task.read(arguments.train, arguments.limit),
        task.read(arguments.validation, arguments.validation_limit),
        files=files,
        progress=True,
    )
    options = recipe.options(given(FinetuningOptions, arguments))
    if arguments.seeds is None:
        log = run(options, arguments.out)
        print_table(log[best_save(log, task)])
    else:
        _finetune_seeds(task, run, options, arguments)
    if recipe.scores:
        print()
        print_table({f"published for {size}": score for size, score in recipe.scores.items()})


def _finetune_seeds(
    task: Task, run: Train, options: FinetuningOptions, arguments: argparse.Namespace
) -> None:
    origin = {
        name: getattr(arguments, name)
        for name in ("model", "train", "validation", "limit", "validation_limit")
    }
    result = finetune_seeds(arguments.seeds, run, task, options, arguments.out, origin)
    names = list(next(iter(result["scores"].values())))
    print_rows(
        ["seed", *names],
        [
            [seed, *(f"{scores[name]:,.4g}" for name in names)]
            for seed, scores in result["scores"].items()
        ],
    )
    print()
    print_table({
        f"mean {result['metric']}": result["mean"],
        "standard deviation": result["standard_deviation"],
    })
