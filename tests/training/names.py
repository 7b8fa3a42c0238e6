"""The smallest fine-tuning there is: names of people, to be told she from he."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.options import FinetuningOptions

TASK = ClassificationTask(labels=("he", "she"), sequence_length=16)
TRAINING = [
    TextExample(f"{name} was in the {place}.", label=label)
    for name, label in (("Mina", "she"), ("Ravi", "he"), ("Clara", "she"), ("Oscar", "he"))
    for place in ("kitchen", "garden", "tower")
]
VALIDATION = [
    TextExample(f"{name} slept.", label=label)
    for name, label in (("Mina", "she"), ("Ravi", "he"), ("Clara", "she"), ("Pavel", "he"))
]
# Twelve examples in batches of four: three steps per pass.
OPTIONS = FinetuningOptions(batch_size=4, epochs=4, learning_rate=0.1, seed=1)


def write_pretrained(folder: Path, tokenizer: Tokenizer, **changes: Any) -> Path:
    """A folder with a random backbone and its vocabulary."""
    config = AlbertConfig(**{
        "vocab_size": tokenizer.vocab_size, "embedding_size": 7, "hidden_size": 10,
        "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 13,
        "max_position_embeddings": 29, "initializer_range": 0.2,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, **changes,
    })  # fmt: skip
    AlbertBackbone(config).save_to_preset(str(folder))
    tokenizer.save(folder)
    return folder
