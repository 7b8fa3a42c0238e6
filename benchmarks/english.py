"""Pretrains the small English model on an accelerator, with Keras's own `fit` and any backend.

    albert-tf vocab train --input 'books/*.txt' --size 8000 --out runs/vocab
    albert-tf examples --corpus 'books/*.txt' --vocab runs/vocab --out runs/books
    albert-tf examples --corpus 'held-out/*.txt' --vocab runs/vocab --out runs/held-out
    KERAS_BACKEND=jax python benchmarks/english.py runs/books runs/held-out --out runs/english

It is what a user's own program looks like: the model, the examples and the optimizer are the
package's, the loop is Keras's, and on JAX no TensorFlow is installed or loaded. A run that was
stopped goes on after the last epoch it finished. `--out` receives the model, which `albert-tf
evaluate`, `finetune` and `export` open; `english.json`, the scores on held-out documents after
every epoch; and their curves as `english.png`.

How to read it: half of the held-out pairs are swapped, so 50 % of sentence order is chance. Scores
after the last epoch are of more examples than those of the curve.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import keras

from albert_tf.config import AlbertConfig
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape, model_batch
from albert_tf.examples.shards import TokenShards
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.sizes import flops_per_token
from albert_tf.training.history_plot import plot_history
from albert_tf.training.optimizers import build_optimizer

WATCHED, SCORED = 2048, 8192  # held-out examples after every epoch, and at the end
AHEAD = 16  # batches


class Epochs(keras.utils.PyDataset):
    """Batches of an endless stream, as many per epoch as Keras is told; any can be made again.

    They are made ahead, by processes of their own: an accelerator takes more than one makes.
    """

    def __init__(self, folder: Path, told: argparse.Namespace, batches: int) -> None:
        super().__init__()
        self.batches = batches
        self.epoch = 0
        self.ahead: dict[int, Future[Any]] = {}
        settings = (folder, told.sequence_length, told.batch_size)
        self.makers = ProcessPoolExecutor(
            told.makers, get_context("spawn"), open_examples, settings
        )

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> Any:
        step = self.epoch * self.batches + index
        wanted = range(step, step + AHEAD)
        self.ahead = {
            number: self.ahead.get(number) or self.makers.submit(make, number) for number in wanted
        }
        return self.ahead[step].result()

    def go_to(self, epoch: int, logs: Any = None) -> None:
        """What Keras calls as an epoch begins."""
        self.epoch = epoch


def open_examples(folder: Path, length: int, batch_size: int) -> None:
    """Readies a process that makes batches."""
    global examples
    shards = TokenShards(folder)
    shape = PretrainingShape.of(shards.tokenizer, length)
    examples = PretrainingBatches(shards, shape, batch_size=batch_size, seed=0)


def make(step: int) -> Any:
    """The batch of a step."""
    return model_batch(examples(step))


class Curve(keras.callbacks.Callback):
    """Writes the scores of every epoch, and how fast it was."""

    def __init__(self, path: Path, told: argparse.Namespace, flops: float) -> None:
        super().__init__()
        self.path, self.told, self.flops = path, told, flops

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self.began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        steps = self.told.steps_per_epoch
        rate = steps * self.told.batch_size * self.told.sequence_length / self.seconds
        scores = {name: float(value) for name, value in logs.items()}
        speed = {"tokens_per_second": rate, "model_tflops_per_second": rate * self.flops / 1e12}
        entries = [*entries_of(self.path), {"step": (epoch + 1) * steps, **scores, **speed}]
        write(self.path, entries)
        print(json.dumps({name: round(value, 4) for name, value in entries[-1].items()}))


def entries_of(path: Path) -> list[dict[str, float]]:
    """The epochs a run has finished."""
    return json.loads(path.read_text())["epochs"] if path.exists() else []


def write(path: Path, entries: list[dict[str, float]], **more: Any) -> None:
    """Replaces the file by one that is whole."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({**more, "epochs": entries}, indent=2) + "\n", encoding="utf-8")
    new.replace(path)


def build(told: argparse.Namespace) -> AlbertPretrainer:
    """The model, compiled."""
    keras.utils.set_random_seed(0)
    config = AlbertConfig.read(told.config)
    model = AlbertPretrainer(AlbertBackbone(config, dtype="mixed_bfloat16"), compile=False)
    steps = told.epochs * told.steps_per_epoch
    model.compile(
        build_optimizer(
            told.optimizer, learning_rate=told.learning_rate, warmup_steps=told.warmup_steps,
            total_steps=steps,
        )
    )  # fmt: skip
    return model


def train(told: argparse.Namespace) -> None:
    """Trains, or goes on; saves the model and what it scores."""
    told.out.mkdir(parents=True, exist_ok=True)
    model = build(told)
    path = told.out / "english.json"
    flops = 3.0 * flops_per_token(model.backbone.config, told.sequence_length)
    batches = Epochs(told.train, told, told.steps_per_epoch)
    model.fit(
        batches,
        epochs=told.epochs,
        validation_data=Epochs(told.held_out, told, WATCHED // told.batch_size),
        callbacks=[
            keras.callbacks.BackupAndRestore(told.out / "backup"),
            keras.callbacks.LambdaCallback(on_epoch_begin=batches.go_to),
            Curve(path, told, flops),
        ],
        shuffle=False,
        verbose=told.verbose,
    )
    scored = Epochs(told.held_out, told, SCORED // told.batch_size)
    result = model.evaluate(scored, return_dict=True, verbose=0)
    tokenizer = TokenShards(told.train).tokenizer
    model.preprocessor = AlbertPreprocessor(tokenizer, told.sequence_length)
    model.save_to_preset(str(told.out))
    scores = {name: float(value) for name, value in result.items()}
    settings = {name: str(value) for name, value in vars(told).items() if name != "verbose"}
    parameters = int(model.backbone.count_params())
    write(path, entries_of(path), parameters=parameters, settings=settings, scores=scores)
    plot_history({"English books": entries_of(path)}, told.out / "english.png")
    print(json.dumps({"parameters": parameters, "examples": SCORED, **scores}, indent=2))


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="token shards to learn from")
    parser.add_argument("held_out", type=Path, help="token shards of other documents")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    default = Path(__file__).with_suffix(".json")
    parser.add_argument("--config", type=Path, default=default, help="sizes of the model")
    parser.add_argument("--optimizer", choices=("adamw", "lamb"), default="adamw")
    parser.add_argument("--learning-rate", type=float, default=4e-4, help="its peak")
    parser.add_argument("--warmup-steps", type=int, default=1000, help="until it is reached")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--sequence-length", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=40, help="how often to score and save")
    parser.add_argument("--steps-per-epoch", type=int, default=250)
    parser.add_argument("--makers", type=int, default=4, help="processes that make batches")
    parser.add_argument("--verbose", type=int, default=1, help="0 without a progress bar")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
