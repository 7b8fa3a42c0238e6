"""Reads ALBERT checkpoints in Hugging Face's layout: `config.json` and `model.safetensors`.

checkpoint folder  ->  [huggingface.read_checkpoint]  ->  AlbertPretrainer or AlbertBackbone

The names below are the format's; nothing else in the package knows them. Kernels are
stored transposed there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from albert_tf.config import AlbertConfig
from albert_tf.layers.encoder_layer import EncoderLayer
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer

_ACTIVATIONS = {"gelu_new": "gelu", "gelu": "gelu_erf", "relu": "relu"}
# Keys of the file that say nothing about the numbers an ALBERT computes.
_IGNORED_CONFIG = {
    "_name_or_path", "architectures", "bos_token_id", "classifier_dropout_prob", "dtype",
    "eos_token_id", "id2label", "label2id", "model_type", "pad_token_id", "torch_dtype",
    "transformers_version",
}  # fmt: skip
# Stored by the format though derived: positions 0, 1, 2…, and the tied output layer.
_DERIVED = {
    "albert.embeddings.position_ids",
    "predictions.decoder.bias",
    "predictions.decoder.weight",
}

_HEADS = ("predictions.", "sop_classifier.")

Tensors = dict[str, np.ndarray]
# Name in the file, variable, whether the file stores it transposed.
Places = list[tuple[str, keras.Variable, bool]]


class CheckpointMismatch(ValueError):
    """A checkpoint does not hold exactly the tensors its config calls for."""


def read_checkpoint(directory: str | Path) -> AlbertPretrainer | AlbertBackbone:
    """Builds a model from a checkpoint folder.

    Returns:
        The pretrainer where both pretraining heads are stored, else the backbone.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointMismatch: tensors are missing, left over, or of another shape.
        ValueError: the config or the file cannot be read.

    Source: names and layout of transformers' modeling_albert.py.
    """
    directory = Path(directory)
    config = read_config(directory / "config.json")
    if config.embedding_size == config.hidden_size:
        raise ValueError(
            f"embedding_size must differ from hidden_size, or the projection that this layout "
            f"always stores has no place; got {config.embedding_size} for both."
        )
    tensors = _read_tensors(directory / "model.safetensors")
    backbone = AlbertBackbone(config)
    places = _backbone_places(backbone)
    model: AlbertPretrainer | AlbertBackbone = backbone
    if all(any(name.startswith(head) for name in tensors) for head in _HEADS):
        model = AlbertPretrainer(backbone, compile=False)
        places += _pretraining_places(model)
    else:
        tensors = {name: value for name, value in tensors.items() if not name.startswith(_HEADS)}
    _assign(places, tensors, str(directory / "model.safetensors"))
    return model


def read_config(path: Path) -> AlbertConfig:
    """Translates a `config.json`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another model type, or a setting this package cannot build.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing.")
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold a JSON object; got {type(values).__name__}.")
    if values.get("model_type", "albert") != "albert":
        raise ValueError(f"{path}: model_type must be albert; got {values['model_type']!r}.")
    if values.pop("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"{path}: position_embedding_type must be absolute.")
    # The layer normalization of this package has the released epsilon built in.
    if values.pop("layer_norm_eps", 1e-12) != 1e-12:
        raise ValueError(f"{path}: layer_norm_eps must be 1e-12.")
    activation = values.get("hidden_act", "gelu_new")
    if activation not in _ACTIVATIONS:
        raise ValueError(
            f"{path}: hidden_act must be one of {', '.join(_ACTIVATIONS)}; got {activation!r}."
        )
    kept = {key: value for key, value in values.items() if key not in _IGNORED_CONFIG}
    return AlbertConfig.from_dict({**kept, "hidden_act": _ACTIVATIONS[activation]}, str(path))


def _read_tensors(path: Path) -> Tensors:
    if not path.exists():
        pickled = path.with_name("pytorch_model.bin")
        cure = (
            f" {pickled.name} is a pickle, which can run code when opened; "
            f"save it as safetensors first." if pickled.exists() else ""
        )  # fmt: skip
        raise FileNotFoundError(f"{path} is missing.{cure}")
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    # A bare AlbertModel is stored without the prefix that heads bring.
    if any(name.startswith("embeddings.") for name in tensors):
        tensors = {f"albert.{name}": tensor for name, tensor in tensors.items()}
    return tensors


def _backbone_places(backbone: AlbertBackbone) -> Places:
    embedding = backbone.embedding
    prefix = "albert.embeddings"
    places: Places = [
        (f"{prefix}.word_embeddings.weight", embedding.token.embeddings, False),
        (f"{prefix}.position_embeddings.weight", embedding.position.embeddings, False),
        (f"{prefix}.token_type_embeddings.weight", embedding.segment.embeddings, False),
        *_norm(f"{prefix}.LayerNorm", embedding.norm),
        *_dense("albert.encoder.embedding_hidden_mapping_in", embedding.projection),
        *_dense("albert.pooler", backbone.get_layer("pooler").dense),
    ]
    for group, layers in enumerate(backbone.encoder.groups):
        for inner, layer in enumerate(layers):
            prefix = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}"
            places += _layer_places(prefix, layer)
    return places


def _layer_places(prefix: str, layer: EncoderLayer) -> Places:
    return [
        *_dense(f"{prefix}.attention.query", layer.attention.query),
        *_dense(f"{prefix}.attention.key", layer.attention.key),
        *_dense(f"{prefix}.attention.value", layer.attention.value),
        *_dense(f"{prefix}.attention.dense", layer.attention.output_projection),
        *_norm(f"{prefix}.attention.LayerNorm", layer.attention_norm),
        *_dense(f"{prefix}.ffn", layer.intermediate),
        *_dense(f"{prefix}.ffn_output", layer.output_projection),
        *_norm(f"{prefix}.full_layer_layer_norm", layer.output_norm),
    ]


def _pretraining_places(model: AlbertPretrainer) -> Places:
    return [
        *_dense("predictions.dense", model.masked_lm.dense),
        *_norm("predictions.LayerNorm", model.masked_lm.norm),
        ("predictions.bias", model.masked_lm.bias, False),
        *_dense("sop_classifier.classifier", model.sentence_order),
    ]


def _dense(name: str, layer: keras.layers.Dense) -> Places:
    return [(f"{name}.weight", layer.kernel, True), (f"{name}.bias", layer.bias, False)]


def _norm(name: str, layer: keras.layers.LayerNormalization) -> Places:
    return [(f"{name}.weight", layer.gamma, False), (f"{name}.bias", layer.beta, False)]


def _assign(places: Places, tensors: Tensors, source: str) -> None:
    """Sets every variable, or none: the whole file is compared first."""
    expected = {name for name, _, _ in places}
    problems = [f"missing {name}" for name in sorted(expected - tensors.keys())]
    problems += [f"unexpected {name}" for name in sorted(tensors.keys() - expected - _DERIVED)]
    for name, variable, transposed in places:
        if name not in tensors:
            continue
        shape = tensors[name].shape[::-1] if transposed else tensors[name].shape
        if shape != tuple(variable.shape):
            problems.append(f"{name} has shape {shape}, expected {tuple(variable.shape)}")
    if problems:
        raise CheckpointMismatch(f"{source} does not fit its config: {'; '.join(problems)}.")
    for name, variable, transposed in places:
        variable.assign(tensors[name].T if transposed else tensors[name])
