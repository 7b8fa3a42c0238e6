"""The same fine-tuning run with several seeds, and how far its scores lie apart.

finetune  ->  [seeds.finetune_seeds]  ->  seed-0/, seed-1/, ..., seeds.json
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from albert_tf.json_file import read_json_object, write_json_object
from albert_tf.tasks.task import Task, task_to_dict
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.report import SCORES_FILE
from albert_tf.training.run_folder import claim, finish, is_finished

SEEDS_FILE = "seeds.json"
Train = Callable[[FinetuningOptions, Path], Any]


def finetune_seeds(
    count: int,
    train: Train,
    task: Task,
    options: FinetuningOptions,
    directory: Path,
    origin: dict[str, Any],
) -> dict[str, Any]:
    """Trains with `count` seeds, from that of the options up, and compares the scores.

    Repeated after it was stopped, it goes on in the run that was cut and skips finished ones.

    Args:
        count: At least 2.
        train: Fine-tunes with some options into a folder, as `finetune.finetune` does.
        task: What the runs are for.
        options: Those of the first run; the others have the seeds after it.
        directory: Receives a folder for each seed, and `seeds.json`.
        origin: What else decides the result, as JSON values: the model and the files.

    Returns:
        What `seeds.json` holds: the metric, the scores by seed, their mean and their standard
        deviation (of a sample, divided by one less than there are).

    Raises:
        FileExistsError: `directory` holds finished runs, or another process trains in it.
        ValueError: fewer than two seeds, several workers, or other runs began in `directory`.
    """
    if options.distribute == "multi_worker":
        raise ValueError(
            "seeds must be trained without distribute='multi_worker', whose workers would not know "
            "of each other's scores; fine-tune with one seed at a time."
        )
    if count < 2:
        raise ValueError(f"seeds must be at least 2, so that scores can differ; got {count}.")
    settings = {**origin, **options.identity(), **task_to_dict(task), "seeds": count}
    with claim(directory, settings):
        scores = {}
        for seed in range(options.seed, options.seed + count):
            folder = directory / f"seed-{seed}"
            if not is_finished(folder):
                train(replace(options, seed=seed), folder)
            scores[str(seed)] = read_json_object(folder / SCORES_FILE)
        values = [score[task.metric] for score in scores.values()]
        result = {
            "metric": task.metric,
            "scores": scores,
            "mean": statistics.fmean(values),
            "standard_deviation": statistics.stdev(values),
        }
        write_json_object(directory / SEEDS_FILE, result)
        finish(directory)
    return result
