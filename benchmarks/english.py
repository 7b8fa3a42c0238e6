"""Pretrains the small English model on an accelerator, by Keras's own `fit`, on JAX or TensorFlow.

    albert-tf vocab train --input 'books/*.txt' --size 8000 --out runs/vocab
    albert-tf examples --corpus 'books/*.txt' --vocab runs/vocab --out runs/books
    albert-tf examples --corpus 'held-out/*.txt' --vocab runs/vocab --out runs/held-out
    KERAS_BACKEND=jax python benchmarks/english.py runs/books runs/held-out --out runs/english

It is what a user's own program looks like: the model, the examples and the optimizer are the
package's, the loop is Keras's, and on JAX no TensorFlow is needed. A run that was stopped goes on
after the last epoch it saved, to the same batches (dropout, if a config has any, is drawn anew).
`--out` receives the model, which `albert-tf evaluate`, `finetune` and `export` open; the scores on
held-out documents after every epoch, as `english.json`; and their curves as `english.png`.

How to read it: half of the held-out pairs are swapped, so 50 % of sentence order is chance. Scores
after the last epoch are of more examples than those of the curve. TFLOP/s count the model as it is
defined, heads excluded; the places that its last layer leaves out are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import keras

from albert_tf.config import AlbertConfig
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape, model_batch
from albert_tf.examples.shards import TokenShards
from albert_tf.json_file import read_json_object, write_json_object
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.sizes import flops_per_token
from albert_tf.training.history_plot import plot_history
from albert_tf.training.optimizers import build_optimizer

WATCHED, SCORED = 2048, 8192  # held-out examples after every epoch, and at the end
AHEAD = 16  # batches
PATHS = ("train", "held_out", "out", "config", "verbose")


class Epochs(keras.utils.PyDataset):
    """The batches of a run, so many per epoch; any of them can be made again.

    They are made ahead, by processes of their own: an accelerator takes more than one makes.
    """

    def __init__(self, folder: Path, told: argparse.Namespace, batches: int, epochs: int) -> None:
        super().__init__()
        self.batches, self.end, self.epoch = batches, batches * epochs, 0
        self.ahead: dict[int, Future[Any]] = {}
        told_makers = (folder, told.sequence_length, told.batch_size)
        makers = min(told.makers, self.end)
        spawn = get_context("spawn")
        self.makers = ProcessPoolExecutor(makers, spawn, open_examples, told_makers)

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> Any:
        step = self.epoch * self.batches + index
        wanted = range(step, min(step + AHEAD, self.end))
        self.ahead = {
            number: self.ahead.get(number) or self.makers.submit(make, number) for number in wanted
        }
        return self.ahead[step].result()

    def go_to(self, epoch: int, logs: Any = None) -> None:
        """What Keras calls as an epoch begins."""
        self.epoch = epoch

    def close(self) -> None:
        """Ends the processes."""
        self.makers.shutdown(cancel_futures=True)


def open_examples(folder: Path, length: int, batch_size: int) -> None:
    """Readies a process that makes batches, and ends when that which reads them has been killed."""
    global examples
    Thread(target=end_after, args=[parent_process()], daemon=True).start()
    shards = TokenShards(folder)
    shape = PretrainingShape.of(shards.tokenizer, length)
    examples = PretrainingBatches(shards, shape, batch_size=batch_size, seed=0)


def end_after(reader: Any) -> None:
    """Ends this process with another."""
    reader.join()
    os._exit(1)


def make(step: int) -> Any:
    """The batch of a step."""
    return model_batch(examples(step))


class Run(keras.callbacks.Callback):
    """Writes the scores of every epoch and how fast it was; then all that a later one needs."""

    def __init__(self, told: argparse.Namespace, flops: float) -> None:
        super().__init__()
        self.told, self.flops = told, flops
        self.curve, self.state = told.out / "english.json", told.out / "state.weights.h5"
        self.settings = {name: value for name, value in vars(told).items() if name not in PATHS}
        read = [folder / "examples.json" for folder in (told.train, told.held_out)]
        self.settings["read"] = [
            path.read_text() for path in (*read, told.config) if path is not None
        ]

    def restore(self, model: AlbertPretrainer) -> int:
        """Makes the model what it was when the run stopped; returns the epochs it has done.

        Raises:
            SystemExit: the folder holds a finished run, or one with other settings.
        """
        self.told.out.mkdir(parents=True, exist_ok=True)
        if (self.told.out / "task.json").exists() and not self.state.exists():
            raise SystemExit(f"{self.told.out} holds a finished model; choose another folder.")
        if self.curve.exists() and read_json_object(self.curve)["settings"] != self.settings:
            raise SystemExit(f"{self.told.out} holds a run with other settings; choose another.")
        model.optimizer.build(model.trainable_variables)
        if self.state.exists():
            model.load_weights(self.state)
        return int(keras.ops.convert_to_numpy(model.optimizer.iterations)) // (
            self.told.steps_per_epoch
        )

    def entries(self, before: int) -> list[dict[str, float]]:
        """The epochs that ended before a step."""
        if not self.curve.exists():
            return []
        epochs = read_json_object(self.curve)["epochs"]
        return [entry for entry in epochs if entry["step"] < before]

    def write(self, entries: list[dict[str, float]], **more: Any) -> None:
        """Replaces the file of scores by one that is whole."""
        devices = keras.distribution.list_devices()
        machine = {"backend": keras.backend.backend(), "devices": devices}
        content = {**machine, "settings": self.settings, **more, "epochs": entries}
        write_json_object(self.curve, content)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self.began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        steps = self.told.steps_per_epoch
        rate = steps * self.told.batch_size * self.told.sequence_length / self.seconds
        scores = {name: round(float(value), 5) for name, value in logs.items()}
        speed = {"tokens_per_second": rate, "model_tflops_per_second": rate * self.flops / 1e12}
        step = (epoch + 1) * steps
        self.write([*self.entries(step), {"step": step, **scores, **speed}])
        print(json.dumps({"step": step, **scores, "tokens_per_second": round(rate)}))
        new = self.state.with_name("new.weights.h5")
        self.model.save_weights(new)
        new.replace(self.state)


def build(told: argparse.Namespace, vocab_size: int) -> AlbertPretrainer:
    """The model, compiled."""
    config = AlbertConfig.read(told.config)
    if config.vocab_size != vocab_size:
        raise SystemExit(
            f"vocab_size of {told.config} must be that of the shards ({vocab_size}); "
            f"got {config.vocab_size}."
        )
    keras.utils.set_random_seed(0)
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
    tokenizer = TokenShards(told.train).tokenizer
    TokenShards(told.held_out)  # so that what is wrong with it is said now
    model = build(told, tokenizer.vocab_size)
    run = Run(told, 3.0 * flops_per_token(model.backbone.config, told.sequence_length))
    done = run.restore(model)
    sizes = [max(1, examples // told.batch_size) for examples in (WATCHED, SCORED)]
    with ExitStack() as stack:
        books = Epochs(told.train, told, told.steps_per_epoch, told.epochs)
        watched, scored = (Epochs(told.held_out, told, size, 1) for size in sizes)
        for epochs in (books, watched, scored):
            stack.callback(epochs.close)
        model.fit(
            books,
            initial_epoch=done,
            epochs=told.epochs,
            validation_data=watched,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=books.go_to), run],
            shuffle=False,
            verbose=told.verbose,
        )
        result = model.evaluate(scored, return_dict=True, verbose=0)
    scores = {name: float(value) for name, value in result.items()}
    scores["examples"] = sizes[1] * told.batch_size
    parameters = int(model.backbone.count_params())
    entries = run.entries(told.epochs * told.steps_per_epoch + 1)
    run.write(entries, parameters=parameters, scores=scores)
    plot_history({"English books": entries}, told.out / "english.png")
    model.preprocessor = AlbertPreprocessor(tokenizer, told.sequence_length)
    model.save_to_preset(str(told.out))
    run.state.unlink()
    print(json.dumps({"parameters": parameters, **scores}, indent=2))


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
    parser.add_argument("--makers", type=int, default=8, help="processes that make batches")
    parser.add_argument("--verbose", type=int, default=1, help="0 without a progress bar")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
