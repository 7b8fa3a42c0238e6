"""Translates the `config.json` of Hugging Face's layout.

`config.json`  <->  [huggingface_config]  <->  AlbertConfig, architecture, labels
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from albert_tf.config import AlbertConfig
from albert_tf.json_file import read_json_object

_ACTIVATIONS = {"gelu_new": "gelu", "gelu": "gelu_erf", "relu": "relu"}
# Keys of the file that say nothing about the numbers an ALBERT computes.
_IGNORED = {
    "architectures", "bos_token_id", "classifier_dropout_prob", "dtype", "eos_token_id",
    "finetuning_task", "gradient_checkpointing", "id2label", "label2id", "model_type",
    "num_labels", "output_attentions", "output_hidden_states", "pad_token_id", "problem_type",
    "tokenizer_class", "torch_dtype", "torchscript", "transformers_version", "use_bfloat16",
    "use_cache",
}  # fmt: skip
# Keys that would change the numbers if they were set to anything else.
_INERT: dict[str, Any] = {
    "layer_norm_eps": 1e-12,  # the layers have the released one built in
    "layers_to_keep": [],
    "position_embedding_type": "absolute",
    "pruned_heads": {},
    "tie_word_embeddings": True,
}


def read_config(path: Path) -> AlbertConfig:
    """Returns the sizes and rates.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another model type, or a setting this package cannot build.
    """
    values = read_json_object(path)
    if values.get("model_type", "albert") != "albert":
        raise ValueError(f"{path}: model_type must be albert; got {values['model_type']!r}.")
    for key, inert in _INERT.items():
        if (value := values.pop(key, inert)) != inert:
            raise ValueError(f"{path}: {key} must be {inert!r}; got {value!r}.")
    activation = values.get("hidden_act", "gelu_new")
    if not isinstance(activation, str) or activation not in _ACTIVATIONS:
        raise ValueError(
            f"{path}: hidden_act must be one of {', '.join(_ACTIVATIONS)}; got {activation!r}."
        )
    kept = {
        key: value
        for key, value in values.items()
        if key not in _IGNORED and not key.startswith("_")  # notes of the library to itself
    }
    return AlbertConfig.from_dict({**kept, "hidden_act": _ACTIVATIONS[activation]}, str(path))


def architecture(path: Path) -> str | None:
    """Returns the class the file was written by, such as AlbertForMaskedLM, if it says so."""
    names = read_json_object(path).get("architectures")
    return str(names[0]) if names else None


def read_labels(path: Path) -> tuple[str, ...]:
    """Returns the names of the classes, in order; unnamed where the file names none.

    Raises:
        ValueError: the labels are not numbered from 0.
    """
    values = read_json_object(path)
    try:
        count = int(values.get("num_labels", 2))
        labels = values.get("id2label") or {n: f"LABEL_{n}" for n in range(count)}
        named = {int(number): str(label) for number, label in labels.items()}
        return tuple(named[number] for number in range(len(named)))
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: id2label must number its labels from 0.") from error


def write_config(
    config: AlbertConfig, architecture: str, labels: tuple[str, ...], path: Path
) -> None:
    """Writes the file; `read_config` gives a config of the same model back.

    Raises:
        ValueError: one half of the layer is shared and the other is not.
    """
    values = asdict(config)
    sharing = values.pop("parameter_sharing")
    if sharing in {"attention", "ffn"}:
        raise ValueError(
            f"parameter_sharing must be all or none, for the layout shares whole layers; "
            f"got {sharing!r}."
        )
    if sharing == "none":
        values["num_hidden_groups"] = config.num_hidden_layers
    names = {ours: theirs for theirs, ours in _ACTIVATIONS.items()}
    values |= {
        "architectures": [architecture],
        "model_type": "albert",
        "hidden_act": names[config.hidden_act],
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    if labels:
        values["id2label"] = {str(number): label for number, label in enumerate(labels)}
        values["label2id"] = {label: number for number, label in enumerate(labels)}
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
