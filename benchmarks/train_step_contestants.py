"""What `train_step.py` races: one training step of albert_base, as each library takes it.

    python benchmarks/train_step_contestants.py NAME TOKENS SEQUENCES

builds one contestant, takes two steps to warm up, prints "ready", and then takes a step and
prints its seconds for every line it reads. It runs by itself in the environment of the peers too,
so it knows nothing but this file.

Shape letters: T tokens, B sequences.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

# Takes one step and returns its seconds.
Step = Callable[[], float]

OWN, PEAK = "albert_tf fit", "matmul"
KERAS_HUB_MASKS = "KerasHub fit, its masks"
VOCABULARY, EMBEDDING, HIDDEN, WIDE, LAYERS = 30_000, 128, 768, 3072, 12
DROPOUT = 0.0


def contestants() -> dict[str, Callable[[int, int], Step]]:
    """What builds each contestant, given T and B."""
    return {
        OWN: ours,
        "albert_tf fit, XLA": lambda t, b: ours(t, b, jit_compile=True),
        "KerasHub fit": keras_hub,
        "KerasHub fit, XLA": lambda t, b: keras_hub(t, b, jit_compile=True),
        KERAS_HUB_MASKS: lambda t, b: keras_hub(t, b, keras_hub_masks),
        "transformers TFAlbert": lambda t, b: tf_albert(t, b, xla=False),
        "transformers TFAlbert, XLA": lambda t, b: tf_albert(t, b, xla=True),
        "transformers PyTorch, eager": lambda t, b: torch_albert(t, b, "eager"),
        "transformers PyTorch, SDPA": lambda t, b: torch_albert(t, b, "sdpa"),
        PEAK: lambda t, b: matmul(),
    }


def masked_places(length: int, name: str = OWN) -> int:
    """Places of a sequence that a contestant computes logits for."""
    return 96 if name == KERAS_HUB_MASKS else round(0.15 * length)


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


def keras_hub_masks(length: int, batch: int) -> tuple[dict, Any, Any]:
    """The same tokens, masked as KerasHub's preprocessor does unless told otherwise.

    It leaves room for 96 masked places, however many there are; the rest weigh nothing.
    """
    from keras_hub.layers import MaskedLMMaskGenerator

    inputs = keras_inputs(length, batch)[0]
    masked = MaskedLMMaskGenerator(
        vocabulary_size=VOCABULARY, mask_selection_rate=0.15,
        mask_selection_length=masked_places(length, KERAS_HUB_MASKS), mask_token_id=4,
        unselectable_token_ids=range(5),
    )(inputs["token_ids"])  # fmt: skip
    masked = {name: array.numpy() for name, array in masked.items()}
    inputs |= {name: masked[name] for name in ("token_ids", "mask_positions")}
    return inputs, masked["mask_ids"], masked["mask_weights"]


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


def keras_hub(length: int, batch: int, data: Any = keras_inputs, **settings: Any) -> Step:
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
    inputs, labels, weights = data(length, batch)
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


def main() -> None:
    """Builds the contestant of the command line and takes a step for every line read."""
    name, length, batch = sys.argv[1:]
    step = contestants()[name](int(length), int(batch))
    step()
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(step(), flush=True)


if __name__ == "__main__":
    main()
