"""Reads and writes ALBERT checkpoints in Hugging Face's layout.

`config.json`, `model.safetensors`  <->  [huggingface]  <->  a backbone or a task model

The names below are the format's. Kernels are stored transposed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.huggingface_config import (
    architecture,
    read_config,
    read_labels,
    write_config,
)
from albert_tf.models.checkpoints.tensors import (
    CheckpointMismatch,
    Imported,
    Place,
    Tensor,
    assign,
    collect,
)
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
# Stored by the format though derived: positions 0, 1, 2…, and the tied output layer.
_DERIVED = (
    "albert.embeddings.position_ids",
    "predictions.decoder.bias",
    "predictions.decoder.weight",
)


def read_checkpoint(directory: Path) -> Imported:
    """Builds the model whose heads a checkpoint folder holds.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointMismatch: tensors are missing, left over, of another shape, or not finite.
        ValueError: the config or the file cannot be read.

    Source: names and layout of transformers' modeling_albert.py.
    """
    config = read_config(directory / CONFIG_FILE)
    if config.embedding_size == config.hidden_size:
        raise ValueError(
            f"embedding_size must differ from hidden_size, or the projection that this layout "
            f"always stores has no place; got {config.embedding_size} for both."
        )
    tensors = _read_tensors(directory / WEIGHTS_FILE)
    labels = read_labels(directory / CONFIG_FILE)
    model = _build(config, tensors, directory, labels)
    places = list(places_of(model))
    absent = _drop_absent_pooler(model, places, tensors)
    assign(places, tensors, str(directory / WEIGHTS_FILE), derived=_DERIVED)
    return Imported(model, initialized=absent, labels=labels)


def write_checkpoint(model: Any, directory: Path, labels: tuple[str, ...] = ()) -> None:
    """Writes `config.json` and `model.safetensors`.

    Args:
        model: A backbone or a task model of this package.
        directory: An existing folder.
        labels: Names of the classes of a classifier.

    Raises:
        ValueError: the format cannot express the model.
    """
    backbone: AlbertBackbone = getattr(model, "backbone", model)
    if backbone.config.embedding_size == backbone.config.hidden_size:
        raise ValueError(
            f"embedding_size must differ from hidden_size, for the layout always has the "
            f"projection between them; got {backbone.config.embedding_size} for both."
        )
    tensors = collect(places_of(model))
    if isinstance(model, AlbertBackbone):
        tensors = {name.removeprefix("albert."): tensor for name, tensor in tensors.items()}
    write_config(backbone.config, _architecture_of(model), labels, directory / CONFIG_FILE)
    save_file(tensors, directory / WEIGHTS_FILE, metadata={"format": "pt"})


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        pickled = path.with_name("pytorch_model.bin")
        cure = (
            f" {pickled.name} is a pickle, which can run code when opened; "
            f"save it as safetensors first." if pickled.exists() else ""
        )  # fmt: skip
        raise FileNotFoundError(f"{path} is missing.{cure}")
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: _as_float(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    # A bare AlbertModel is stored without the prefix that heads bring.
    if any(name.startswith("embeddings.") for name in tensors):
        tensors = {f"albert.{name}": tensor for name, tensor in tensors.items()}
    return tensors


def _as_float(tensor: np.ndarray) -> Tensor:
    return tensor.astype(np.float32)


def _build(
    config: AlbertConfig, tensors: dict[str, Tensor], directory: Path, labels: tuple[str, ...]
) -> Any:
    """The model whose head the file holds, with weights of chance."""
    backbone = AlbertBackbone(config)
    if "classifier.weight" in tensors:
        kind = architecture(directory / CONFIG_FILE)
        if kind == "AlbertForMultipleChoice":
            return AlbertMultipleChoice(backbone, compile=False)
        if kind not in {"AlbertForSequenceClassification", None}:
            raise ValueError(f"{directory} holds an {kind}, which cannot be imported.")
        classes = len(tensors["classifier.weight"])
        if classes != len(labels):
            raise CheckpointMismatch(
                f"{directory} has {classes} rows in classifier.weight, but {len(labels)} labels "
                f"in {CONFIG_FILE}."
            )
        return AlbertTextClassifier(backbone, num_classes=classes, compile=False)
    if "qa_outputs.weight" in tensors:
        return AlbertQuestionAnswerer(backbone, compile=False)
    if any(name.startswith("predictions.") for name in tensors):
        ordered = any(name.startswith("sop_classifier.") for name in tensors)
        objective = "sop" if ordered else "none"
        return AlbertPretrainer(backbone, sentence_objective=objective, compile=False)
    return backbone


def _drop_absent_pooler(
    model: Any, places: list[Place], tensors: dict[str, Tensor]
) -> tuple[str, ...]:
    """Takes the pooler out of `places` where neither the file nor the head has one."""
    names = {"albert.pooler.weight", "albert.pooler.bias"}
    sentence_objective = getattr(model, "sentence_objective", "none")
    read = isinstance(model, AlbertTextClassifier | AlbertMultipleChoice)
    if names & tensors.keys() or read or sentence_objective != "none":
        return ()
    places[:] = [place for place in places if place.name not in names]
    return ("pooler",)


def _architecture_of(model: Any) -> str:
    if isinstance(model, AlbertPretrainer):
        kinds = {"sop": "AlbertForPreTraining", "none": "AlbertForMaskedLM"}
        if model.sentence_objective not in kinds:
            raise ValueError(
                f"sentence_objective must be sop or none, for the layout has no other; "
                f"got {model.sentence_objective!r}."
            )
        return kinds[model.sentence_objective]
    kinds_by_class = {
        AlbertTextClassifier: "AlbertForSequenceClassification",
        AlbertMultipleChoice: "AlbertForMultipleChoice",
        AlbertQuestionAnswerer: "AlbertForQuestionAnswering",
        AlbertBackbone: "AlbertModel",
    }
    return kinds_by_class[type(model)]


def places_of(model: Any) -> Iterator[Place]:
    """Yields where every tensor of the layout belongs in a model."""
    yield from _backbone_places(getattr(model, "backbone", model))
    if isinstance(model, AlbertPretrainer):
        yield from _dense("predictions.dense", model.masked_lm.dense)
        yield from _norm("predictions.LayerNorm", model.masked_lm.norm)
        yield Place("predictions.bias", model.masked_lm.bias)
        if model.sentence is not None:
            yield from _dense("sop_classifier.classifier", model.sentence)
    elif isinstance(model, AlbertQuestionAnswerer):
        yield from _dense("qa_outputs", model.head)
    elif not isinstance(model, AlbertBackbone):
        yield from _dense("classifier", model.head)


def _backbone_places(backbone: AlbertBackbone) -> Iterator[Place]:
    embedding = backbone.embedding
    prefix = "albert.embeddings"
    yield Place(f"{prefix}.word_embeddings.weight", embedding.token.embeddings)
    yield Place(f"{prefix}.position_embeddings.weight", embedding.position.embeddings)
    yield Place(f"{prefix}.token_type_embeddings.weight", embedding.segment.embeddings)
    yield from _norm(f"{prefix}.LayerNorm", embedding.norm)
    yield from _dense("albert.encoder.embedding_hidden_mapping_in", embedding.projection)
    yield from _dense("albert.pooler", backbone.pooler.dense)
    for group, inner, attention, feed_forward in backbone.encoder.stored_layers():
        prefix = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}"
        yield from _dense(f"{prefix}.attention.query", attention.attention.query)
        yield from _dense(f"{prefix}.attention.key", attention.attention.key)
        yield from _dense(f"{prefix}.attention.value", attention.attention.value)
        yield from _dense(f"{prefix}.attention.dense", attention.attention.output_projection)
        yield from _norm(f"{prefix}.attention.LayerNorm", attention.norm)
        yield from _dense(f"{prefix}.ffn", feed_forward.intermediate)
        yield from _dense(f"{prefix}.ffn_output", feed_forward.output_projection)
        yield from _norm(f"{prefix}.full_layer_layer_norm", feed_forward.norm)


def _dense(name: str, layer: keras.layers.Dense) -> Iterator[Place]:
    yield Place(f"{name}.weight", layer.kernel, transposed=True)
    yield Place(f"{name}.bias", layer.bias)


def _norm(name: str, layer: keras.layers.LayerNormalization) -> Iterator[Place]:
    yield Place(f"{name}.weight", layer.gamma)
    yield Place(f"{name}.bias", layer.beta)
