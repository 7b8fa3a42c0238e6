"""Reads the checkpoints that google-research/albert released and writes.

`model.ckpt-best.*`, `albert_config.json`  ->  [google.read_checkpoint]  ->  a task model

The names below are those of the TensorFlow 1 code. Kernels are stored as Keras stores them,
output tables transposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.tensors import Imported, Place, Tensor, assign, check_size
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer

CONFIG_FILE = "albert_config.json"
# What the optimizers leave in a checkpoint beside each weight.
_OPTIMIZER = ("adam_m", "adam_v", "lamb_m", "lamb_v")


def read_checkpoint(directory: Path) -> Imported:
    """Builds the model whose heads a checkpoint folder holds.

    Args:
        directory: Holds `albert_config.json` and one checkpoint, an `.index` file and its data.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointMismatch: tensors are missing, left over, of another shape, or not finite.
        ValueError: the config or the checkpoint cannot be read, or there are several.

    Source: google-research/albert modeling.py, run_pretraining.py, classifier_utils.py,
    race_utils.py, squad_utils.py (version 1).
    """
    config = AlbertConfig.read(directory / CONFIG_FILE)
    prefix = find_checkpoint(directory)
    return build(config, read_tensors(prefix), str(prefix))


def find_checkpoint(directory: Path) -> Path:
    """Returns the path that the one checkpoint of a folder has without its suffix."""
    found = sorted(path for path in directory.glob("*.index") if path.name[0] != ".")
    if not found:
        raise FileNotFoundError(f"{directory} holds no checkpoint: no file ends in .index.")
    if len(found) > 1:
        names = ", ".join(path.stem for path in found)
        raise ValueError(f"{directory} must hold one checkpoint; it has {names}.")
    return found[0].with_suffix("")


def read_tensors(prefix: Path) -> dict[str, Tensor]:
    """Reads every weight of a TensorFlow checkpoint; counters and moments are not weights.

    Raises:
        ValueError: the file is damaged or cut short.
    """
    # Only these formats need TensorFlow, whatever the backend of Keras.
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = [
            name
            for name, dtype in reader.get_variable_to_dtype_map().items()
            if dtype.is_floating and name.rpartition("/")[2] not in _OPTIMIZER
        ]
        # A module of TensorFlow Hub puts its own name first.
        return {
            name.removeprefix("module/"): reader.get_tensor(name).astype(np.float32)
            for name in names
        }
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{prefix} is damaged: {reason}") from error


def build(config: AlbertConfig, tensors: dict[str, Tensor], source: str) -> Imported:
    """Builds the model whose heads `tensors` hold, under the names of the official code.

    Raises:
        CheckpointMismatch: tensors are missing, left over, of another shape, or not finite.
    """
    check_size(config, tensors, source)
    backbone = AlbertBackbone(config)
    model: Any = backbone
    labels: tuple[str, ...] = ()
    if "cls/squad/output_weights" in tensors:
        model = AlbertQuestionAnswerer(backbone, compile=False)
    elif len(rows := np.atleast_1d(tensors.get("output_weights", ()))) == 1:
        model = AlbertMultipleChoice(backbone, compile=False)  # race_utils.py
    elif len(rows) > 1:
        labels = tuple(f"LABEL_{number}" for number in range(len(rows)))
        model = AlbertTextClassifier(backbone, num_classes=len(labels), compile=False)
    elif any(name.startswith("cls/predictions/") for name in tensors):
        ordered = any(name.startswith("cls/seq_relationship/") for name in tensors)
        objective = "sop" if ordered else "none"
        model = AlbertPretrainer(backbone, sentence_objective=objective, compile=False)
    assign(_places(model), tensors, source)
    return Imported(model, labels=labels)


def _places(model: Any) -> Iterator[Place]:
    yield from _backbone_places(getattr(model, "backbone", model))
    if isinstance(model, AlbertPretrainer):
        yield from dense_places("cls/predictions/transform/dense", model.masked_lm.dense)
        yield from norm_places("cls/predictions/transform/LayerNorm", model.masked_lm.norm)
        yield Place("cls/predictions/output_bias", model.masked_lm.bias)
        if model.sentence is not None:
            yield from _output("cls/seq_relationship/", model.sentence)
    elif isinstance(model, AlbertQuestionAnswerer):
        yield from _output("cls/squad/", model.head)
    elif not isinstance(model, AlbertBackbone):
        yield from _output("", model.head)


def _backbone_places(backbone: AlbertBackbone) -> Iterator[Place]:
    embedding = backbone.embedding
    yield Place("bert/embeddings/word_embeddings", embedding.token.embeddings)
    yield Place("bert/embeddings/position_embeddings", embedding.position.embeddings)
    yield Place("bert/embeddings/token_type_embeddings", embedding.segment.embeddings)
    yield from norm_places("bert/embeddings/LayerNorm", embedding.norm)
    if embedding.projection is not None:
        yield from dense_places("bert/encoder/embedding_hidden_mapping_in", embedding.projection)
    yield from dense_places("bert/pooler/dense", backbone.pooler.dense)
    for group, inner, attention, feed_forward in backbone.encoder.stored_layers():
        prefix = f"bert/encoder/transformer/group_{group}/inner_group_{inner}"
        yield from dense_places(f"{prefix}/attention_1/self/query", attention.attention.query)
        yield from dense_places(f"{prefix}/attention_1/self/key", attention.attention.key)
        yield from dense_places(f"{prefix}/attention_1/self/value", attention.attention.value)
        output = attention.attention.output_projection
        yield from dense_places(f"{prefix}/attention_1/output/dense", output)
        yield from norm_places(f"{prefix}/LayerNorm", attention.norm)
        yield from dense_places(f"{prefix}/ffn_1/intermediate/dense", feed_forward.intermediate)
        output = feed_forward.output_projection
        yield from dense_places(f"{prefix}/ffn_1/intermediate/output/dense", output)
        yield from norm_places(f"{prefix}/LayerNorm_1", feed_forward.norm)


def dense_places(name: str, layer: keras.layers.Dense) -> Iterator[Place]:
    """Where a kernel and a bias belong, named as TensorFlow names them."""
    yield Place(f"{name}/kernel", layer.kernel)
    yield Place(f"{name}/bias", layer.bias)


def _output(prefix: str, layer: keras.layers.Dense) -> Iterator[Place]:
    yield Place(f"{prefix}output_weights", layer.kernel, transposed=True)
    yield Place(f"{prefix}output_bias", layer.bias)


def norm_places(name: str, layer: keras.layers.LayerNormalization) -> Iterator[Place]:
    """Where a scale and an offset belong, named as TensorFlow names them."""
    yield Place(f"{name}/gamma", layer.gamma)
    yield Place(f"{name}/beta", layer.beta)
