"""Reads and writes ALBERT checkpoints in Hugging Face's layout.

`config.json`, `model.safetensors`  <->  [huggingface]  <->  a backbone or a task model

The names of the tensors are in `huggingface_names`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from albert_tf.models.checkpoints.huggingface_names import places_of
from albert_tf.models.checkpoints.tensors import (
    CheckpointMismatch,
    Imported,
    Place,
    Tensor,
    assign,
    check_size,
    collect,
)
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
_POSITIONS = "albert.embeddings.position_ids"
# Stored by the format though tied to other tensors.
_TIED = {
    "predictions.decoder.bias": "predictions.bias",
    "predictions.decoder.weight": "albert.embeddings.word_embeddings.weight",
}
# What a file must hold to be what its config says it is. It may hold other heads besides.
_HEAD_OF = {
    "AlbertForMaskedLM": "predictions.bias",
    "AlbertForPreTraining": "sop_classifier.classifier.weight",
    "AlbertForSequenceClassification": "classifier.weight",
    "AlbertForMultipleChoice": "classifier.weight",
    "AlbertForQuestionAnswering": "qa_outputs.weight",
}


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
    source = str(directory / WEIGHTS_FILE)
    check_size(config, tensors, source)
    _check_derived(tensors, source)
    model = _build(config, tensors, directory, labels)
    places = list(places_of(model))
    absent = _drop_absent_pooler(model, places, tensors)
    assign(places, tensors, source, derived=(_POSITIONS, *_TIED))
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
        raise FileNotFoundError(
            f"{path} is missing. A pytorch_model.bin is no substitute: it is a pickle, which can "
            f"run code when opened; save it as safetensors first."
        )
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    # A bare AlbertModel is stored without the prefix that heads bring.
    if any(name.startswith("embeddings.") for name in tensors):
        tensors = {f"albert.{name}": tensor for name, tensor in tensors.items()}
    integers = [
        f"{name} ({tensor.dtype})"
        for name, tensor in tensors.items()
        if name != _POSITIONS and tensor.dtype.kind in "iub"
    ]
    if integers:
        raise CheckpointMismatch(
            f"{path} must hold floating-point weights, not quantized ones; {', '.join(integers)}."
        )
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def _check_derived(tensors: dict[str, Tensor], source: str) -> None:
    """Refuses tensors that are not what this package derives in their place."""
    expected = {
        name: tensors[other] for name, other in _TIED.items() if {name, other} <= tensors.keys()
    }
    if _POSITIONS in tensors:
        positions = tensors[_POSITIONS]
        expected[_POSITIONS] = np.arange(positions.size, dtype=np.float32).reshape(positions.shape)
    wrong = [name for name, value in expected.items() if not np.array_equal(tensors[name], value)]
    if wrong:
        origin = "; ".join(f"{name} is not {_TIED.get(name, '0, 1, 2...')}" for name in wrong)
        raise CheckpointMismatch(f"{source} is not the model its layout means: {origin}.")


def _build(
    config: AlbertConfig, tensors: dict[str, Tensor], directory: Path, labels: tuple[str, ...]
) -> Any:
    """The model whose head the file holds, with weights of chance."""
    kind = architecture(directory / CONFIG_FILE)
    head = _HEAD_OF.get(kind or "")
    if head is not None and head not in tensors:
        raise CheckpointMismatch(
            f"{directory} does not fit its config, which says {kind}: missing {head}."
        )
    backbone = AlbertBackbone(config)
    if "classifier.weight" in tensors:
        return _build_classifier(backbone, kind, tensors["classifier.weight"], directory, labels)
    if "qa_outputs.weight" in tensors:
        return AlbertQuestionAnswerer(backbone, compile=False)
    if any(name.startswith("predictions.") for name in tensors):
        ordered = any(name.startswith("sop_classifier.") for name in tensors)
        objective = "sop" if ordered else "none"
        return AlbertPretrainer(backbone, sentence_objective=objective, compile=False)
    return backbone


def _build_classifier(
    backbone: AlbertBackbone,
    kind: str | None,
    weight: Tensor,
    directory: Path,
    labels: tuple[str, ...],
) -> Any:
    if kind == "AlbertForMultipleChoice":
        return AlbertMultipleChoice(backbone, compile=False)
    if kind not in {"AlbertForSequenceClassification", None}:
        raise ValueError(f"{directory} holds an {kind}, which cannot be imported.")
    classes = len(np.atleast_1d(weight))
    if classes == 1:
        raise ValueError(
            f"{directory} holds a regression head, of one row in classifier.weight; of this "
            f"layout only classes can be imported."
        )
    if classes != len(labels):
        raise CheckpointMismatch(
            f"{directory} has {classes} rows in classifier.weight, but {len(labels)} labels "
            f"in {CONFIG_FILE}."
        )
    return AlbertTextClassifier(backbone, num_classes=classes, compile=False)


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
    if type(model) not in kinds_by_class:
        raise ValueError(f"the layout has no place for the head of an {type(model).__name__}.")
    return kinds_by_class[type(model)]
