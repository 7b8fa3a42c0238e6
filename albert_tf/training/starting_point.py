"""What a fine-tuned model begins with: dropout, pooler and head.

a saved model  ->  [starting_point]  ->  finetune
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from albert_tf.layers.embeddings import initializer
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.saved import check_labels, load_model
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.task import TASK_FILE, Task, read_task


def with_dropout(backbone: AlbertBackbone, rate: float) -> AlbertBackbone:
    """Returns a backbone with the same weights that drops out at another rate.

    Args:
        backbone: Stays as it is.
        rate: Of hidden states and of attention, from 0 to below 1.
    """
    config = replace(backbone.config, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)
    # A dropout that was built with a rate of 0 cannot be given another.
    changed: AlbertBackbone = AlbertBackbone.from_config({
        **backbone.get_config(),
        "config": config,
    })
    changed.set_weights(backbone.get_weights())
    return changed


def renew_pooler(backbone: AlbertBackbone) -> None:
    """Gives the pooler random weights, as before pretraining."""
    dense = backbone.pooler.dense
    dense.kernel.assign(initializer(backbone.config)(dense.kernel.shape))
    dense.bias.assign(keras.ops.zeros_like(dense.bias))


def set_head_dropout(model: Any, rate: float) -> None:
    """Changes the dropout between a backbone and its head.

    Raises:
        ValueError: the model has none.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    if not layers:
        raise ValueError(
            f"head_dropout must not be given: {type(model).__name__} has no dropout before its "
            f"head; got {rate}."
        )
    for layer in layers:
        layer.rate = rate
    model.dropout = rate


def keep_head(model: Any, task: Task, folder: Path) -> bool:
    """Copies the head of a fine-tuned model if it was trained for the same thing.

    That is the same kind of task and, where it has labels, the same ones in the same order. So
    a model of three classes lends its body, not its head, to a task of two.

    Args:
        model: Receives the head.
        task: What the model is for.
        folder: A saved model; one without a task has no head to keep.

    Returns:
        Whether it was copied.

    Raises:
        ValueError: the task file of the folder is damaged, or has labels for other classes.
    """
    if not (folder / TASK_FILE).exists():
        return False
    before = read_task(folder)
    if before.name != task.name or _labels(before) != _labels(task):
        return False
    loaded = load_model(folder)
    if isinstance(before, ClassificationTask):
        check_labels(folder, before.labels, loaded)
    model.head.set_weights(loaded.head.get_weights())
    return True


def _labels(task: Task) -> Any:
    return getattr(task, "labels", None)
