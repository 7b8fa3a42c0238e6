"""What a model folder can answer, as the function that a file for a device computes.

saved model  ->  [heads.open_head]  ->  signature, verify, bundle

Shape letters: B sequences, T tokens, H hidden, C classes, M gaps, V vocabulary.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import ops

from albert_tf.models.backbone import INPUT_NAMES, AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.saved import check_labels, load_model, load_task_model
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.tasks.mask_filling import MaskFillingTask
from albert_tf.tasks.task import TASK_FILE, Task, read_task

PROBABILITIES = "probabilities"
PRETRAINED_HEADS = (EmbeddingTask.name, MaskFillingTask.name)


class Head:
    """A model of a task, which answers as it is.

    Inputs: int32 [B, T] each, by the names of `inputs`.

    Outputs: float32, by name, as `score_inputs` of the model gives them.
    """

    inputs: tuple[str, ...] = INPUT_NAMES

    def __init__(self, model: Any) -> None:
        self.model: Any = model
        self.backbone: AlbertBackbone = getattr(model, "backbone", model)

    @property
    def variables(self) -> list[keras.Variable]:
        """The weights of the model."""
        return list(self.model.variables)

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for a batch."""
        return dict(self.model.score_inputs(inputs))


class ClassifierHead(Head):
    """A classifier; `probabilities`, [B, C], in the order of the task's labels."""

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for a batch."""
        return {PROBABILITIES: ops.softmax(self.model.score_inputs(inputs)["logits"])}


class EmbeddingHead(Head):
    """The body of any model; `mean_output` over the real tokens and `pooled_output`, [B, H]."""

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for a batch."""
        outputs = self.backbone(inputs)
        real = ops.cast(inputs["padding_mask"], "float32")[:, :, None]  # [B, T, 1]
        total = ops.sum(outputs["sequence_output"] * real, axis=1)  # [B, H]
        # A row of padding alone, which fills up a batch, has no mean.
        count = ops.maximum(ops.sum(real, axis=1), 1.0)  # [B, 1]
        return {"mean_output": total / count, "pooled_output": outputs["pooled_output"]}


class MaskedLMHead(Head):
    """A pretrained model; `mlm`, [B, M, V], at the `mask_positions`, [B, M]."""

    inputs = (*INPUT_NAMES, "mask_positions")

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for a batch."""
        states = self.backbone.states_at(inputs, inputs["mask_positions"])  # [B, M, H]
        return {"mlm": self.model.masked_lm(states)}


def open_head(source: Path, name: str | None = None) -> tuple[Head, Task]:
    """Opens a model folder for what it is to answer.

    Args:
        source: Folder of a fine-tuned or pretrained model.
        name: One of `PRETRAINED_HEADS`; None for the task of a fine-tuned model, gaps where
            the model has the head for them, and embeddings otherwise.

    Raises:
        FileNotFoundError: the folder holds no model.
        ValueError: an unknown head, or one that the model does not have, or the task has labels
            for other classes.
    """
    if name not in {None, *PRETRAINED_HEADS}:
        raise ValueError(f"unknown head {name!r}; choose one of {', '.join(PRETRAINED_HEADS)}.")
    tuned = (source / TASK_FILE).exists()
    if name is None and tuned:
        task = read_task(source)
        model = load_task_model(source, task.name)
        if isinstance(task, ClassificationTask):
            check_labels(source, task.labels, model)
            return ClassifierHead(model), task
        return Head(model), task
    model = load_model(source)
    length = read_task(source).sequence_length if tuned else _longest(model)
    if isinstance(model, AlbertPretrainer) and name != EmbeddingTask.name:
        return MaskedLMHead(model), MaskFillingTask(sequence_length=length)
    if name == MaskFillingTask.name:
        raise ValueError(f"{source} has no head for gaps; only a pretrained model has.")
    if name is None and not isinstance(model, AlbertBackbone):
        raise ValueError(
            f"{source} holds {type(model).__name__} and no {TASK_FILE} to say what for; "
            f"choose one of the heads {', '.join(PRETRAINED_HEADS)}."
        )
    return EmbeddingHead(model), EmbeddingTask(sequence_length=length)


def _longest(model: Any) -> int:
    """The length a model was trained for, as far as it says so."""
    preprocessor = getattr(model, "preprocessor", None)
    if preprocessor is not None:
        return int(preprocessor.sequence_length)
    backbone: AlbertBackbone = getattr(model, "backbone", model)
    return int(backbone.config.max_position_embeddings)
