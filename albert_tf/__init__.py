"""ALBERT from raw text to an answer on a phone.

Public names load on first use, so that importing text code never imports TensorFlow.
"""

from importlib import import_module
from typing import Any

from albert_tf.version import __version__ as __version__

_HOMES = {
    "AlbertConfig": "albert_tf.config",
    "AlbertBackbone": "albert_tf.models.backbone",
    "AlbertPretrainer": "albert_tf.models.pretrainer",
    "AlbertTextClassifier": "albert_tf.models.classifier",
    "AlbertTextRegressor": "albert_tf.models.regressor",
    "AlbertQuestionAnswerer": "albert_tf.models.question_answerer",
    "AlbertMultipleChoice": "albert_tf.models.multiple_choice",
    "AlbertPreprocessor": "albert_tf.preprocessing",
    "Lamb": "albert_tf.training.optimizers",
    "WarmupLinearDecay": "albert_tf.training.optimizers",
    "load_tokenizer": "albert_tf.text.tokenizer",
    "train_vocabulary": "albert_tf.text.vocabulary",
}
_FOLDERS = {"runtime"}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return import_module(f"albert_tf.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'albert_tf' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, *_FOLDERS, "__version__"]
