"""Shows whether making examples holds a training step of albert_base up.

    albert-tf examples --corpus 'corpus/*.txt' --vocab runs/vocab --out runs/examples
    python benchmarks/input_pipeline.py runs/examples [--rounds 6]

One model takes steps on a batch that lies ready and on batches that are made from token shards
while it computes, in turns, so that a disturbance of the machine meets both.

How to read it: the ratio is the median of the rounds; 1.00 means that examples come for nothing.
On a processor the making shares its cores with the step, and what it costs is what it takes from
them; beside an accelerator it only has to keep up.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tqdm import tqdm

from albert_tf.config import AlbertConfig
from albert_tf.examples.shards import TokenShards
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.training.input_pipeline import stream
from albert_tf.training.pretrain import PretrainingOptions, pretraining_batches

STEPS = 4  # of a round; the first, in which nothing is ready yet, is not timed, nor the last


class Clock(keras.callbacks.Callback):
    """Seconds from the end of the first step to the end of the last but one.

    In each of those a batch is made; in the last there is none left to make.
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 0:
            self.began = time.perf_counter()
        if batch < STEPS - 1:
            self.seconds = time.perf_counter() - self.began


def timed(model: keras.Model, data: tf.data.Dataset) -> float:
    """Seconds of a step."""
    clock = Clock()
    model.fit(data, callbacks=[clock], verbose=0)
    return clock.seconds / (STEPS - 2)


def main() -> None:
    """Takes the steps and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("examples", type=Path, help="folder of token shards")
    parser.add_argument("--rounds", type=int, default=6, help="(default 6)")
    parser.add_argument("--batch-size", type=int, default=16, help="(default 16)")
    parser.add_argument("--sequence-length", type=int, default=128, help="(default 128)")
    arguments = parser.parse_args()
    shards = TokenShards(arguments.examples)
    options = PretrainingOptions(
        sequence_length=arguments.sequence_length, batch_size=arguments.batch_size
    )
    make_batch = pretraining_batches(shards, options)
    config = AlbertConfig.named("albert_base", vocab_size=shards.tokenizer.vocab_size)
    model = AlbertPretrainer(AlbertBackbone(config), compile=False)
    model.compile("adamw")
    ready = tf.data.Dataset.from_tensors(make_batch(0)).repeat(STEPS)
    timed(model, ready)
    rounds = []
    for number in tqdm(range(arguments.rounds), unit="round"):
        made = stream(make_batch, number * STEPS, (number + 1) * STEPS, fixed=True)
        rounds.append((timed(model, ready), timed(model, made)))
    lying, making = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = statistics.median(made / ready for ready, made in rounds)
    print(f"\nalbert_base, T={arguments.sequence_length}, B={arguments.batch_size}")
    print(f"{'':24} s/step   ratio")
    print(f"{'a batch that lies ready':24} {lying:6.3f}    1.00")
    print(f"{'batches made on the fly':24} {making:6.3f}  {ratio:6.3f}")


if __name__ == "__main__":
    main()
