"""Shows what batches of like lengths save in fine-tuning, beside padding to a fixed length.

    python benchmarks/finetune.py runs/pretrained train.tsv test.tsv --text-column document

Two copies of one classifier learn the same examples: one from batches of like lengths, padded to
their longest (what `albert-tf finetune` does), the other from batches drawn at random, padded to
the length of the task, as the official code has it. At first they take turns, a stretch of steps
each, so that a disturbance of the machine meets both. Then each goes on to the end of the rows,
the second padded no more than it must, which takes less time and changes no result; and both
answer the test file.

How to read it: the ratio is the median of the stretches, after the first, in which graphs are
traced. Both accuracies come from one run each: of 1,000 test rows they say nothing if they differ
by less than about three points, nor before the loss is flat.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.saved import load_backbone
from albert_tf.tasks.classification import ClassificationTask, find_labels
from albert_tf.tasks.task import Sample, TaskModel
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.training.input_pipeline import Batch, EpochOrder, stream
from albert_tf.training.optimizers import build_optimizer
from albert_tf.training.task_batches import encode, stack

LIKE = "batches of like lengths"
FIXED = "padded to a fixed length"


def make_like(
    samples: Sequence[Sample], order: EpochOrder, task: Any, tokenizer: Tokenizer, step: int
) -> Batch:
    """A batch as fine-tuning has it."""
    return stack([samples[index] for index in order(step)], task, tokenizer)


def make_fixed(
    samples: Sequence[Sample], order: EpochOrder, task: Any, tokenizer: Tokenizer, step: int
) -> Batch:
    """The same, with padding up to the longest that the task allows."""
    inputs, targets, weights = make_like(samples, order, task, tokenizer, step)
    room = task.sequence_length - inputs["token_ids"].shape[-1]
    fillers = {"token_ids": tokenizer.special.pad, "segment_ids": 0, "padding_mask": 0}
    padded = {
        name: np.pad(rows, ((0, 0), (0, room)), constant_values=fillers[name])
        for name, rows in inputs.items()
    }
    return padded, targets, weights


def build(folder: Path, task: ClassificationTask, steps: int, rate: float) -> keras.Model:
    """A classifier with the same first weights each time."""
    keras.utils.set_random_seed(0)
    model = AlbertTextClassifier(load_backbone(folder), len(task.labels), compile=False)
    model.compile(
        build_optimizer("adamw", learning_rate=rate, warmup_steps=steps // 10, total_steps=steps)
    )
    return model


def race(
    models: dict[str, keras.Model], makers: dict[str, Any], steps: int, stretches: int
) -> dict[str, list[float]]:
    """Seconds of a step in each stretch, by contestant."""
    ends = np.linspace(0, steps, stretches + 1).astype(int)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for start, stop in tqdm(list(pairwise(ends)), unit="stretch"):
        for name, model in models.items():
            data = stream(makers[name], int(start), int(stop))
            began = time.perf_counter()
            model.fit(data, shuffle=False, verbose=0)
            seconds[name].append((time.perf_counter() - began) / (stop - start))
    return seconds


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a pretrained model")
    parser.add_argument("train", type=Path, help="a table")
    parser.add_argument("test", type=Path, help="another")
    parser.add_argument("--text-column", default="sentence", help="(default sentence)")
    parser.add_argument("--label-column", default="label", help="(default label)")
    parser.add_argument("--limit", type=int, default=2000, help="training rows (default 2000)")
    parser.add_argument("--test-limit", type=int, default=1000, help="test rows (default 1000)")
    parser.add_argument("--sequence-length", type=int, default=128, help="(default 128)")
    parser.add_argument("--batch-size", type=int, default=32, help="(default 32)")
    parser.add_argument("--learning-rate", type=float, default=3e-5, help="(default 3e-5)")
    parser.add_argument("--stretches", type=int, default=8, help="turns of each (default 8)")
    parser.add_argument("--race", type=int, default=40, help="steps that are timed (default 40)")
    return parser.parse_args()


def main() -> None:
    """Trains both, scores both, and prints the table."""
    asked = options()
    task = ClassificationTask(
        text_column=asked.text_column, label_column=asked.label_column,
        sequence_length=asked.sequence_length,
    )  # fmt: skip
    examples = task.read(asked.train, asked.limit)
    task = replace(task, labels=find_labels(examples))
    tokenizer = load_tokenizer(asked.model)
    samples = encode("training", task, examples, tokenizer, progress=False)
    lengths = [sample.length for sample in samples]
    # In an order of equal lengths nothing is sorted.
    orders = {
        LIKE: EpochOrder(lengths, asked.batch_size, seed=0),
        FIXED: EpochOrder([1] * len(samples), asked.batch_size, seed=0),
    }
    makers = {
        name: partial(make, samples, orders[name], task, tokenizer)
        for name, make in ((LIKE, make_like), (FIXED, make_fixed))
    }
    steps = orders[LIKE].steps_per_epoch
    models = {name: build(asked.model, task, steps, asked.learning_rate) for name in makers}
    timed = min(asked.race, steps)
    if not 2 <= asked.stretches <= timed:
        raise SystemExit(f"--stretches must be 2 to {timed} here; got {asked.stretches}")
    seconds = race(models, makers, timed, asked.stretches)
    for name, model in models.items():
        make = partial(make_like, samples, orders[name], task, tokenizer)
        if timed < steps:
            model.fit(stream(make, timed, steps), shuffle=False)
    tests = task.read(asked.test, asked.test_limit)
    print(f"\n{len(samples)} rows of {np.mean(lengths):.1f} tokens, B={asked.batch_size}")
    print(f"{'':26} samples/s   ratio   accuracy")
    for name, model in models.items():
        ratio = statistics.median(
            fixed / own for fixed, own in zip(seconds[FIXED][1:], seconds[name][1:], strict=True)
        )
        rate = asked.batch_size / statistics.median(seconds[name][1:])
        answers = TaskModel(task, tokenizer, model.run, batch_size=32).predict_all(tests)
        accuracy = task.score(tests, list(answers))["accuracy"]
        print(f"{name:26} {rate:9.1f} {ratio:7.2f} {accuracy:10.2f}")


if __name__ == "__main__":
    main()
