"""Translates the `config.json` of Hugging Face's layout.

`config.json`  <->  [huggingface_config]  <->  AlbertConfig, architecture, labels
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from albert_tf.config import AlbertConfig

_ACTIVATIONS = {"gelu_new": "gelu", "gelu": "gelu_erf", "relu": "relu"}
# Keys of the file that say nothing about the numbers an ALBERT computes.
_IGNORED = {
    "_name_or_path", "architectures", "bos_token_id", "classifier_dropout_prob", "dtype",
    "eos_token_id", "finetuning_task", "id2label", "label2id", "model_type", "num_labels",
    "pad_token_id", "problem_type", "torch_dtype", "transformers_version",
}  # fmt: skip


def read_config(path: Path) -> AlbertConfig:
    """Returns the sizes and rates.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another model type, or a setting this package cannot build.
    """
    values = _read(path)
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
    kept = {key: value for key, value in values.items() if key not in _IGNORED}
    return AlbertConfig.from_dict({**kept, "hidden_act": _ACTIVATIONS[activation]}, str(path))


def architecture(path: Path) -> str | None:
    """Returns the class the file was written by, such as AlbertForMaskedLM, if it says so."""
    names = _read(path).get("architectures")
    return str(names[0]) if names else None


def read_labels(path: Path) -> tuple[str, ...]:
    """Returns the names of the classes, in order; two unnamed ones where the file has none.

    Raises:
        ValueError: the labels are not numbered from 0.
    """
    labels = _read(path).get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    try:
        named = {int(number): str(label) for number, label in labels.items()}
        return tuple(named[number] for number in range(len(named)))
    except (AttributeError, ValueError, KeyError) as error:
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


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing.")
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold a JSON object; got {type(values).__name__}.")
    return values
