"""Times what the questions of a SQuAD file cost beside the model.

    python benchmarks/answering.py VOCABULARY dev-v1.1.json [--version-2]

VOCABULARY is a folder of `albert-tf vocab`. Logits are random; everything runs on one core. The
table shows questions per second, and windows per second where windows are made or answered; the
last rows answer windows that are full, as few of SQuAD are. How to read it: rates are this
machine's; a model waits for its answers only if it reads more windows in a second than `decode`
answers.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

_DISTINCT = 1000  # windows with logits of their own


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returns, and the seconds of CPU time it took."""
    start = time.process_time()
    found = call()
    return found, time.process_time() - start


def full_window(length: int) -> Any:
    """A window with as much of a passage as fits beside a question of 13 tokens."""
    from albert_tf.examples.packing import PackedSequence
    from albert_tf.tasks.task import Window

    ids = np.zeros(length, np.int32)
    return Window(PackedSequence(ids, ids), 15, [(n, n + 1) for n in range(length - 16)])


def main() -> None:
    """Prints the table."""
    from albert_tf.tasks.squad import QuestionAnsweringTask
    from albert_tf.text.tokenizer import load_tokenizer

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("vocabulary", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--version-2", action="store_true")
    arguments = parser.parse_args()
    tokenizer = load_tokenizer(arguments.vocabulary)
    task = QuestionAnsweringTask(version_2=arguments.version_2)

    examples, reading = timed(lambda: task.read(arguments.data))
    windows, cutting = timed(lambda: [task.windows(example, tokenizer) for example in examples])
    _, labelling = timed(lambda: [task.encode(example, tokenizer) for example in examples])
    count = sum(map(len, windows))
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(_DISTINCT, 2, task.sequence_length)).astype(np.float32)
    numbers = iter(range(count))
    outputs = [
        [dict(zip(("start", "end"), logits[next(numbers) % _DISTINCT], strict=True)) for _ in group]
        for group in windows
    ]
    given = list(zip(examples, windows, outputs, strict=True))
    answers, decoding = timed(lambda: [task.decode(*one) for one in given])
    _, ranking = timed(lambda: [task.n_best(*one) for one in given])
    long = [(one[0], [full_window(task.sequence_length)], one[2][:1]) for one in given]
    _, full_decoding = timed(lambda: [task.decode(*one) for one in long])
    _, full_ranking = timed(lambda: [task.n_best(*one) for one in long])
    scores, scoring = timed(lambda: task.score(examples, answers))

    print(f"{len(examples)} questions, {count} windows; f1 {scores['f1']:.2f} of random logits")
    print(f"{'step':14}{'seconds':>10}{'questions/s':>14}{'windows/s':>14}")
    for name, seconds, number in (
        ("read", reading, 0), ("windows", cutting, count), ("encode", labelling, count),
        ("decode", decoding, count), ("n_best", ranking, count), ("score", scoring, 0),
        ("decode, full", full_decoding, len(long)), ("n_best, full", full_ranking, len(long)),
    ):  # fmt: skip
        rate = f"{number / seconds:14,.0f}" if number else ""
        print(f"{name:14}{seconds:10.2f}{len(examples) / seconds:14,.0f}{rate}")


if __name__ == "__main__":
    main()
