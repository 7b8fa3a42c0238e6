"""The SavedModel takes text, answers as Keras does, and opens without this package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from albert_tf.export.checkpoint import export_checkpoint
from albert_tf.export.verify import ParityError
from albert_tf.tasks.classification import TextExample
from albert_tf.training.evaluate import load

TEXTS = ["Mina found a lamp.", "", "at " * 99, "caf\u00e9 \ufb01n 1,000"]
SCRIPT = """
import json, sys
sys.modules["albert_tf"] = None
import tensorflow as tf, tensorflow_text
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
found = serve(text=tf.constant(json.loads(sys.argv[2])))
labels = [label.decode() for label in found["label"].numpy()]
print(json.dumps([labels, found["probabilities"].numpy().tolist()]))
"""


def test_it_answers_as_keras_does_without_this_package(models: Path, tmp_path: Path) -> None:
    export_checkpoint(models / "classifier", tmp_path / "out", "saved_model")
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "out"), json.dumps(TEXTS)],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    labels, probabilities = json.loads(result.stdout)
    keras_model = load(models / "classifier")
    for text, label, row in zip(TEXTS, labels, probabilities, strict=True):
        expected = keras_model.predict(TextExample(text))
        assert label == expected.label
        # float32, in a batch padded to another width.
        assert dict(zip(expected.probabilities, row, strict=True)) == pytest.approx(
            expected.probabilities, abs=1e-5
        )


def test_one_that_reads_text_otherwise_is_not_written(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from albert_tf.text import tokenizer

    read = tokenizer.SentencePieceTokenizer.encode_ids
    monkeypatch.setattr(
        tokenizer.SentencePieceTokenizer,
        "encode_ids",
        lambda self, texts: [ids[1:] for ids in read(self, texts)],
    )
    with pytest.raises(ParityError, match="the SavedModel must answer as Keras within"):
        export_checkpoint(models / "classifier", tmp_path / "out", "saved_model")
    assert not list(tmp_path.iterdir())


def test_only_classifiers_are_served(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a SavedModel holds a classifier; .*answerer is none"):
        export_checkpoint(models / "answerer", tmp_path / "out", "saved_model")
    assert not list(tmp_path.iterdir())
