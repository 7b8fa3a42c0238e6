"""Which devices share a training run.

cli  ->  [distribution.strategy]  ->  trainer, pretrain, finetune
"""

from __future__ import annotations

import contextlib
import functools
import json
import zlib
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

NAMES = ("none", "mirrored", "multi_worker", "tpu")


@functools.cache  # a second one of a kind could not add up tensors of other shapes
def strategy(name: str) -> tf.distribute.Strategy | None:
    """Returns what shares a run among devices; None for a single one.

    Args:
        name: "none"; "mirrored" for all GPUs of this machine; "multi_worker" for several
            machines, each started with the `TF_CONFIG` that names them all; "tpu" for the
            TPU that `TPU_NAME` names, or the one of this machine. The last is written from
            TensorFlow's documentation and was never run.

    Raises:
        ValueError: an unknown name, or there is nothing to share a run among.

    Source: tensorflow.org/guide/distributed_training.
    """
    if name not in NAMES:
        raise ValueError(f"unknown strategy {name!r}; choose one of {', '.join(NAMES)}.")
    if name == "none":
        return None
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(_local_devices())
    if name == "multi_worker":
        found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        tasks = found.cluster_spec().as_dict()
        if sum(len(tasks.get(kind, [])) for kind in ("chief", "worker")) < 2:
            raise ValueError(
                "multi_worker needs the environment variable TF_CONFIG to name two or more "
                "workers, and which of them this is."
            )
        return tf.distribute.MultiWorkerMirroredStrategy()
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        raise ValueError(f"no TPU was found: {str(error).partition(chr(10))[0]}") from error
    return tf.distribute.TPUStrategy(resolver)


def scope(found: tf.distribute.Strategy | None) -> AbstractContextManager[Any]:
    """What a model must be built and compiled in, so that it is trained with a strategy."""
    return contextlib.nullcontext() if found is None else found.scope()


def devices(found: tf.distribute.Strategy | None) -> int:
    """How many devices share every batch."""
    return 1 if found is None else int(found.num_replicas_in_sync)


def is_chief(found: tf.distribute.Strategy | None) -> bool:
    """Whether this process is the one that writes the files of a run."""
    resolver = None if found is None else found.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "worker" and "chief" in resolver.cluster_spec().jobs:
        return False
    return not resolver.task_id


def check_agreement(found: tf.distribute.Strategy | None, settings: dict[str, Any]) -> None:
    """Compares what the workers of a run were told; with one process there is nothing to do.

    Args:
        found: The strategy of the run. All workers must make this call.
        settings: JSON values that have to be the same everywhere.

    Raises:
        ValueError: they are not. All workers raise it.
    """
    if not isinstance(found, tf.distribute.MultiWorkerMirroredStrategy):
        return
    told = [zlib.crc32(json.dumps(pair, default=str).encode()) for pair in settings.items()]

    @tf.function
    def of_all_workers() -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_gather(tf.constant([told], tf.int64), axis=0)

    rows = found.experimental_local_results(found.run(of_all_workers))[0]
    for name, sums in zip(settings, rows.numpy().T, strict=True):
        if len(set(sums)) > 1:
            raise ValueError(
                f"all workers must be started with the same settings; their {name} differs, and is "
                f"{settings[name]!r} here. Start all of them again with one command."
            )


def _local_devices() -> list[str]:
    """All GPUs; without one, the logical CPUs, of which there must be several."""
    for kind in ("GPU", "CPU"):
        found = tf.config.list_logical_devices(kind)
        if len(found) > 1 or (found and kind == "GPU"):
            return [device.name for device in found]
    raise ValueError("mirrored needs a GPU; this machine has none. Leave the strategy out.")
