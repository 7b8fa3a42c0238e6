"""Times a training step of albert_base beside KerasHub's and Hugging Face's, in one run.

    python benchmarks/train_step.py [--rounds 5] [--json FILE]

Every contestant is a process of its own, which builds the same model (masked language modeling,
AdamW, float32, no padding) and takes two steps to warm up. Then, round after round, one step of
it, one of albert_tf as `fit` is called by default, and a product of matrices follow each other, so
that a disturbance of the machine meets all three. The table shows the median of the seconds per
step, the median ratio to albert_tf within a round (above 1 is slower), and the share of the matmul
peak that the work of the contestant amounts to.

How to read it: seconds are this machine's; compare only the ratios. The peers of Hugging Face run
in an environment that this script makes beside it (about 4 GB, once).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

# Takes one step and returns its seconds.
Step = Callable[[], float]

PEERS = Path(__file__).parent / ".peers"
REQUIREMENTS = [
    "transformers==4.57.1",
    "tensorflow-cpu==2.21.0",
    "tf-keras==2.21.0",
    "torch==2.13.0",
]
OWN, PEAK = "albert_tf fit", "matmul"
# Seconds of a contestant, of albert_tf and of the matrix products, one after the other.
Round = tuple[float, float, float]
VOCABULARY, EMBEDDING, HIDDEN, WIDE, LAYERS = 30_000, 128, 768, 3072, 12
DROPOUT = 0.0


def contestants() -> dict[str, tuple[Callable[[int, int], Step], bool]]:
    """What builds each contestant, and whether it runs in the environment of the peers."""
    return {
        OWN: (ours, False),
        "albert_tf fit, no XLA": (lambda t, b: ours(t, b, jit_compile=False), False),
        "KerasHub fit": (keras_hub, False),
        "KerasHub fit, XLA": (lambda t, b: keras_hub(t, b, jit_compile=True), False),
        "transformers TFAlbert": (lambda t, b: tf_albert(t, b, xla=False), True),
        "transformers TFAlbert, XLA": (lambda t, b: tf_albert(t, b, xla=True), True),
        "transformers PyTorch, eager": (lambda t, b: torch_albert(t, b, "eager"), True),
        "transformers PyTorch, SDPA": (lambda t, b: torch_albert(t, b, "sdpa"), True),
        PEAK: (lambda t, b: matmul(), False),
    }


def masked_places(length: int) -> int:
    """Places of a sequence that are masked."""
    return round(0.15 * length)


def work(name: str, length: int, batch: int) -> float:
    """Floating-point operations of the matrix products of one step, forward and backward."""
    if name == PEAK:
        return 8 * 2.0 * 2048 * HIDDEN * WIDE
    tokens = batch * length
    places = batch * masked_places(length)
    layer = 2 * (4 * HIDDEN**2 + 2 * HIDDEN * WIDE + 2 * length * HIDDEN)  # per token
    encoder = LAYERS * layer * tokens
    if name.startswith("albert_tf"):
        # The last layer: keys and values everywhere, the rest where the head reads and at [CLS].
        spared = layer - 2 * 2 * HIDDEN**2
        encoder -= spared * (tokens - places - batch)
    read = tokens if name.startswith("transformers") else places
    head = 2 * (HIDDEN * EMBEDDING + EMBEDDING * VOCABULARY) * read
    return 3.0 * (encoder + 2 * EMBEDDING * HIDDEN * tokens + head)


def timed(keras: Any, model: Any, *data: Any, batch: int, **settings: Any) -> Step:
    """A `fit` of one batch, timed from the batch's begin to its end as callbacks see them.

    What `fit` does once, before and after all batches, is no part of a step.
    """

    class Clock(keras.callbacks.Callback):
        seconds = 0.0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seconds = time.perf_counter() - self.began

    def step() -> float:
        clock = Clock()
        model.fit(*data, batch_size=batch, callbacks=[clock], verbose=0, **settings)
        return clock.seconds

    return step


def keras_inputs(length: int, batch: int) -> tuple[dict, Any, Any]:
    """Random tokens with masked places, the ids hidden there, and weights of one."""
    import numpy as np

    rng = np.random.default_rng(0)
    inputs = {
        "token_ids": rng.integers(5, VOCABULARY, (batch, length)).astype("int32"),
        "segment_ids": np.zeros((batch, length), "int32"),
        "padding_mask": np.ones((batch, length), "int32"),
        "mask_positions": np.sort(
            rng.permuted(np.tile(np.arange(1, length - 1), (batch, 1)), axis=1)[
                :, : masked_places(length)
            ]
        ).astype("int32"),
    }
    labels = np.take_along_axis(inputs["token_ids"], inputs["mask_positions"], 1)
    return inputs, labels, np.ones_like(labels)


def ours(length: int, batch: int, **settings: Any) -> Step:
    """albert_tf's pretrainer without a sentence objective."""
    import keras

    from albert_tf import AlbertBackbone, AlbertConfig, AlbertPretrainer

    model = AlbertPretrainer(
        AlbertBackbone(AlbertConfig.named("albert_base")), sentence_objective="none"
    )
    model.compile("adamw", **settings)
    inputs, labels, weights = keras_inputs(length, batch)
    return timed(keras, model, inputs, {"mlm": labels}, sample_weight={"mlm": weights}, batch=batch)


def keras_hub(length: int, batch: int, **settings: Any) -> Step:
    """KerasHub's masked language model."""
    import keras
    import keras_hub

    backbone = keras_hub.models.AlbertBackbone(
        vocabulary_size=VOCABULARY, num_layers=LAYERS, num_heads=12, embedding_dim=EMBEDDING,
        hidden_dim=HIDDEN, intermediate_dim=WIDE, dropout=DROPOUT,
    )  # fmt: skip
    model = keras_hub.models.AlbertMaskedLM(backbone)
    model.compile(
        optimizer=keras.optimizers.AdamW(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy()],
        **settings,
    )
    inputs, labels, weights = keras_inputs(length, batch)
    return timed(keras, model, inputs, labels, sample_weight=weights, batch=batch)


def full_labels(length: int, batch: int) -> tuple[object, object]:
    """Token ids, and labels that are -100 where nothing is masked."""
    import numpy as np

    inputs, labels, _ = keras_inputs(length, batch)
    everywhere = np.full((batch, length), -100)
    np.put_along_axis(everywhere, inputs["mask_positions"], labels, 1)
    return inputs["token_ids"], everywhere


def hugging_face_config() -> Any:
    """albert_base as transformers names it."""
    from transformers import AlbertConfig

    return AlbertConfig(
        vocab_size=VOCABULARY, embedding_size=EMBEDDING, hidden_size=HIDDEN,
        num_hidden_layers=LAYERS, num_attention_heads=12, intermediate_size=WIDE,
        hidden_dropout_prob=DROPOUT, attention_probs_dropout_prob=DROPOUT,
    )  # fmt: skip


def tf_albert(length: int, batch: int, xla: bool) -> Step:
    """Hugging Face's TensorFlow model, which needs the Keras before 3."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf

    os.environ["USE_TORCH"] = "0"  # both libraries in one process bring it down
    import tf_keras
    from transformers import TFAlbertForMaskedLM

    model = TFAlbertForMaskedLM(hugging_face_config())
    model.compile(optimizer=tf_keras.optimizers.AdamW(), jit_compile=xla)
    token_ids, labels = full_labels(length, batch)
    inputs = {
        "input_ids": token_ids,
        "attention_mask": tf.ones_like(token_ids).numpy(),
        "labels": labels,
    }
    return timed(tf_keras, model, inputs, batch=batch)


def torch_albert(length: int, batch: int, attention: str) -> Step:
    """Hugging Face's PyTorch model in the usual loop."""
    import torch
    from transformers import AlbertForMaskedLM

    torch.set_num_threads(os.cpu_count() or 1)
    model = AlbertForMaskedLM._from_config(hugging_face_config(), attn_implementation=attention)
    optimizer = torch.optim.AdamW(model.parameters())
    token_ids, labels = (
        torch.tensor(array, dtype=torch.long) for array in full_labels(length, batch)
    )

    def step() -> float:
        began = time.perf_counter()
        optimizer.zero_grad()
        model(input_ids=token_ids, labels=labels).loss.backward()
        optimizer.step()
        return time.perf_counter() - began

    return step


def matmul() -> Step:
    """The product of the feed-forward layer alone: what this machine can do at most."""
    import tensorflow as tf

    left, right = tf.random.normal([2048, HIDDEN]), tf.random.normal([HIDDEN, WIDE])

    def products() -> float:
        began = time.perf_counter()
        for _ in range(8):
            product = tf.matmul(left, right)
        product.numpy()
        return time.perf_counter() - began

    return products


def worker(name: str, length: int, batch: int) -> None:
    """Builds one contestant, then takes a step and prints its seconds for every line read."""
    step = contestants()[name][0](length, batch)
    step()
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(step(), flush=True)


def peers_python() -> Path:
    """Python of the environment of the peers, which is made if it is not there."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "installed").exists():
        print(f"installing the peers into {PEERS}", file=sys.stderr)
        venv.create(PEERS, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)
        (PEERS / "installed").touch()
    return python


class Contestant:
    """A process that takes one step when told to and says how long it took."""

    def __init__(self, name: str, length: int, batch: int) -> None:
        python = peers_python() if contestants()[name][1] else Path(sys.executable)
        command = [python, __file__, "--worker", name, str(length), str(batch)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} did not start; run: {' '.join(map(str, command))}")

    def step(self) -> float:
        """Seconds of one step."""
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        """Gives its memory back."""
        self._process.stdin.close()
        self._process.wait()


def race(length: int, batch: int, rounds: int, names: list[str]) -> dict[str, list[Round]]:
    """Steps of every contestant, each beside a step of albert_tf's and a product of matrices."""
    own, peak = (Contestant(name, length, batch) for name in (OWN, PEAK))
    times: dict[str, list[Round]] = {}
    for name in tqdm(names, desc=f"T={length}", unit="contestant"):
        other = Contestant(name, length, batch)
        times[name] = [(other.step(), own.step(), peak.step()) for _ in range(rounds)]
        other.stop()
    own.stop()
    peak.stop()
    return times


def report(length: int, batch: int, times: dict[str, list[Round]]) -> dict[str, Any]:
    """Prints the table of one shape and returns it with every measurement."""
    everything = [entry for rounds in times.values() for entry in rounds]
    products = statistics.median(entry[2] for entry in everything)
    peak = work(PEAK, length, batch) / products
    times = {OWN: [(own, own, product) for _, own, product in everything], **times}
    print(f"\nT={length}, B={batch}; matmul peak {peak / 1e9:.0f} GFLOP/s")
    print(f"{'':30} s/step   ratio   of peak")
    rows = {}
    for name, rounds in times.items():
        seconds = statistics.median(entry[0] for entry in rounds)
        ratio = statistics.median(theirs / own for theirs, own, _ in rounds)
        share = work(name, length, batch) / seconds / peak
        print(f"{name:30} {seconds:6.2f}  {ratio:6.2f}  {share:7.0%}")
        rows[name] = {"seconds": seconds, "ratio": ratio, "share_of_peak": share}
    return {"peak": peak, "rows": rows, "rounds": times}


def main() -> None:
    """Runs the race, or one contestant of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="receives every measurement")
    parser.add_argument("--only", nargs="+", choices=list(contestants()), help="race fewer")
    parser.add_argument(
        "--shapes", nargs="+", default=["128x16", "512x4"], metavar="TxB",
        help="tokens and sequences of a batch (default 128x16 512x4)",
    )  # fmt: skip
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        name, length, batch = arguments.worker
        worker(name, int(length), int(batch))
        return
    names = [name for name in arguments.only or contestants() if name not in {OWN, PEAK}]
    results = {}
    for shape in arguments.shapes:
        length, batch = map(int, shape.split("x"))
        times = race(length, batch, arguments.rounds, names)
        results[shape] = report(length, batch, times)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
