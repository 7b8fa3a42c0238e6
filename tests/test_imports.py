"""Text code and the device runtime never load TensorFlow or Keras."""

import subprocess
import sys

import pytest

# Only scores need them, and devices never score.
SCORES = {"scipy", "sklearn"}
FORBIDDEN = ("tensorflow", "keras", "keras_hub", "tensorflow_text")
TEXT_COLUMN = [
    "albert_tf",
    "albert_tf.config",
    "albert_tf.sizes",
    "albert_tf.text.tokenizer",
    "albert_tf.text.vocabulary",
    "albert_tf.examples.pretraining",
    "albert_tf.examples.documents",
    "albert_tf.examples.corpus",
    "albert_tf.examples.beam",
    "albert_tf.examples.statistics",
    "albert_tf.tasks.classification",
    "albert_tf.tasks.named",
    "albert_tf.tasks.race",
    "albert_tf.tasks.regression",
    "albert_tf.tasks.squad",
    "albert_tf.tasks.submission",
    "albert_tf.runtime",
    "albert_tf.cli",
]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(result.stdout.decode().split())


@pytest.mark.parametrize("module", TEXT_COLUMN)
def test_the_text_column_never_loads_tensorflow(module: str) -> None:
    assert not loaded_by(module) & {*FORBIDDEN, *SCORES}


def test_the_guard_sees_tensorflow_where_it_is() -> None:
    assert "keras" in loaded_by("albert_tf.layers.embeddings")


def test_public_names_load_on_first_use() -> None:
    code = "import albert_tf; print(albert_tf.AlbertConfig.__name__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.decode().strip() == "AlbertConfig"
