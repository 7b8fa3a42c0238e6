"""Trains a tiny pretrainer in cases given by name, on one device, on two, or as one worker of two.

    python -m tests.models.replicas one|two|worker OUT CASE...

It runs in a process of its own, because TensorFlow divides a CPU only before it is first used, and
writes the weights after 20 steps of every case to OUT, an .npz, or what was raised.
"""

import contextlib
import json
import os
import sys
from dataclasses import replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.training.adapters import add_adapters
from albert_tf.training.layer_decay import rate_shares
from albert_tf.training.optimizers import Lamb, build_optimizer

STEPS, BATCH, LENGTH, MASKS = 20, 8, 12, 4
CONFIG = AlbertConfig(
    vocab_size=31, embedding_size=6, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
    intermediate_size=11, max_position_embeddings=LENGTH, initializer_range=0.3,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)  # fmt: skip

# What each case changes of plain AdamW; "stock" ones are trained as Keras does by itself.
CASES: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": "sgd"},
    "adamw": {"optimizer": "adamw"},
    "lamb": {"optimizer": "lamb"},
    "clip": {"optimizer": "clip"},
    "micro_batches": {"optimizer": "adamw", "micro_batches": 2},
    "lamb_micro_batches": {"optimizer": "lamb", "micro_batches": 2},
    "several_steps": {"optimizer": "adamw", "steps_per_execution": 4},
    "steps_left_over": {"optimizer": "adamw", "steps_per_execution": 3},  # of 20, two
    "metrics": {"optimizer": "sgd", "metrics": {"mlm": ["accuracy"], "sop": ["accuracy"]}},
    "xla": {"optimizer": "adamw", "jit_compile": True},
    "everything": {
        "optimizer": "lamb", "micro_batches": 2, "steps_per_execution": 4, "jit_compile": True,
    },
    "bfloat16": {"optimizer": "adamw", "dtype": "mixed_bfloat16"},
    "layer_decay": {"optimizer": "adamw", "layer_decay": 0.5},
    "lamb_layer_decay": {"optimizer": "lamb", "layer_decay": 0.5},
    "lora": {"optimizer": "adamw", "lora": 2},
    "uneven": {"optimizer": "adamw", "batch": 7},
    "dropout": {"optimizer": "adamw", "dropout": 0.1},
    "dropout_remat": {"optimizer": "adamw", "dropout": 0.1, "remat": True},
    "dropout_everything": {
        "optimizer": "lamb", "micro_batches": 2, "steps_per_execution": 4, "jit_compile": True,
        "dropout": 0.1,
    },
    "dropout_everything_remat": {
        "optimizer": "lamb", "micro_batches": 2, "steps_per_execution": 4, "jit_compile": True,
        "dropout": 0.1, "remat": True,
    },
    "stock_sgd": {"optimizer": "sgd", "stock": True},
    "stock_adamw": {"optimizer": "adamw", "stock": True},
    "stock_bfloat16": {"optimizer": "adamw", "stock": True, "dtype": "mixed_bfloat16"},
    "stock_clip": {"optimizer": "clip", "stock": True},
    "stock_several_steps": {"optimizer": "sgd", "stock": True, "steps_per_execution": 4},
    "stock_xla": {"optimizer": "sgd", "stock": True, "jit_compile": True},
    "stock_accumulation": {"optimizer": "accumulation", "stock": True},
}  # fmt: skip


def optimizer(name: str, shares: dict[str, float] | None) -> keras.optimizers.Optimizer:
    """By name; the schedules warm up and decay, as in every run."""
    if name == "sgd":
        return keras.optimizers.SGD(0.1)
    if name == "clip":  # far below the norm of the gradient, which plain SGD shows undistorted
        return keras.optimizers.SGD(0.5, global_clipnorm=0.1)
    if name == "accumulation":
        return keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    found = build_optimizer(
        name, learning_rate=0.01, warmup_steps=5, total_steps=STEPS, shares=shares
    )
    assert isinstance(found, Lamb if name == "lamb" else keras.optimizers.AdamW)
    return found


def data(batch: int) -> tf.data.Dataset:
    """Batches with repeated ids, whose halves have very different weights."""
    rng = np.random.default_rng(0)
    count = STEPS * batch
    inputs = {
        "token_ids": rng.integers(5, 9, (count, LENGTH)),
        "segment_ids": rng.integers(0, 2, (count, LENGTH)),
        "padding_mask": np.ones((count, LENGTH)),
        "mask_positions": rng.integers(1, LENGTH, (count, MASKS)),
    }
    targets = {"mlm": rng.integers(5, 31, (count, MASKS)), "sop": rng.integers(0, 2, count)}
    weights = (np.arange(count) % batch < batch / 2)[:, None] | (rng.random((count, MASKS)) < 0.2)
    as_ids = {name: values.astype(np.int32) for name, values in inputs.items()}
    sample = {"mlm": weights.astype(np.float32), "sop": np.ones(count, np.float32)}
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    dataset = tf.data.Dataset.from_tensor_slices((as_ids, targets, sample))
    return dataset.batch(batch, drop_remainder=batch % 2 == 0).with_options(options)


def build(case: dict[str, Any]) -> keras.Model:
    """The model of a case, with weights that do not depend on who builds it."""
    case = dict(case)
    case.pop("batch", None)
    keras.utils.set_random_seed(1)  # where dropout begins
    rate = case.pop("dropout", 0.0)
    config = replace(CONFIG, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)
    backbone = AlbertBackbone(config, dtype=case.pop("dtype", None), remat=case.pop("remat", False))
    model: Any = AlbertPretrainer(backbone, compile=False)
    if "lora" in case:
        add_adapters(backbone, case.pop("lora"))
    shares = rate_shares(backbone, case.pop("layer_decay")) if "layer_decay" in case else None
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.3, v.shape).astype(v.dtype) for v in model.weights])
    stock = case.pop("stock", False)
    case["optimizer"] = optimizer(case["optimizer"], shares)
    if stock:
        model = keras.Model(model.inputs, model.output)
        loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        )
        case["loss"] = {"mlm": loss, "sop": loss}
    model.compile(**{"jit_compile": False, **case})
    return model


def train(case: dict[str, Any], scope: Any) -> dict[str, np.ndarray]:
    """Weights and the metrics after 20 steps."""
    keras.backend.clear_session()
    with scope:
        model = build(case)
    history = model.fit(data(case.get("batch", BATCH)), verbose=0, shuffle=False)
    metrics = {name: np.array(values[-1]) for name, values in history.history.items()}
    if not case.get("stock"):
        scores = model.evaluate(data(case.get("batch", BATCH)), return_dict=True, verbose=0)
        metrics |= {f"evaluated_{name}": np.array(value) for name, value in scores.items()}
    return {**{v.path: np.asarray(v) for v in model.weights}, **metrics}


def main() -> None:
    """Runs the cases and writes what came out."""
    mode, out, *names = sys.argv[1:]
    tf.config.threading.set_inter_op_parallelism_threads(4)
    strategy: Any = None
    if mode == "two":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    if mode == "worker":
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    results = {}
    for name in names:
        scope = contextlib.nullcontext() if strategy is None else strategy.scope()
        try:
            for key, value in train(CASES[name], scope).items():
                results[f"{name}:{key}"] = value
        except Exception as error:
            results[f"{name}:raised"] = np.array(f"{type(error).__name__}: {error}"[:500])
    np.savez(out, **results)
    print(json.dumps(sorted({key.partition(":")[0] for key in results})))


if __name__ == "__main__":
    main()
