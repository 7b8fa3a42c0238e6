"""A fine-tuned classifier as a SavedModel that takes text, for TensorFlow Serving.

saved model  ->  [saved_model.write_saved_model]  ->  a folder any TensorFlow opens

Shape letters: B texts, C classes.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from albert_tf.export.verify import TOLERANCE, ParityError
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.text.tokenizer import Tokenizer

_PROBES = ("A word, 1,000 words.", "caf\u00e9 \ufb01n \u4e2d\u6587 \uac00\ub098 \U0001f600", "")


class _Server(tf.Module):
    """Text to labels in one graph; signature `serving_default`.

    Inputs: `text`, and `pair` for a task of pairs, strings [B].

    Outputs: `label`, strings [B], and `probabilities`, float32 [B, C] in the order of the
    task's labels.
    """

    def __init__(self, model: keras.Model, tokenizer: Tokenizer, task: ClassificationTask) -> None:
        super().__init__()
        self.weights = [variable.value for variable in model.variables]
        self._preprocessor = AlbertPreprocessor(tokenizer, task.sequence_length)
        self.tokenizer = self._preprocessor.graph_tokenizer
        self._model, self._labels = model, task.labels
        names = ("text", "pair") if task.pair_column else ("text",)
        self.serve = tf.function(
            self._serve, [tf.TensorSpec([None], tf.string, name=name) for name in names]
        )

    def _serve(self, text: tf.Tensor, pair: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        inputs = self._preprocessor(text if pair is None else (text, pair), y=None)
        logits = self._model(inputs, training=False)["logits"]
        return {
            "label": tf.gather(tf.constant(self._labels), tf.argmax(logits, -1)),
            "probabilities": tf.nn.softmax(logits),
        }


def write_saved_model(
    model: keras.Model, tokenizer: Tokenizer, task: ClassificationTask, directory: Path
) -> None:
    """Writes the SavedModel and opens it again to see that it answers as Keras does.

    Raises:
        ParityError: a probability differs from that of the Keras model on the ids of the
            Python reader.
    """
    server = _Server(model, tokenizer, task)
    tf.saved_model.save(server, str(directory), server.serve)
    serve = tf.saved_model.load(str(directory)).signatures["serving_default"]

    pair = _PROBES[0] if task.pair_column else None
    for probe in _PROBES:
        texts = {"text": probe} if pair is None else {"text": probe, "pair": pair}
        found = serve(**{name: tf.constant([text]) for name, text in texts.items()})
        expected = task.predict(TextExample(**texts), tokenizer, model.run).probabilities
        worst = np.abs(found["probabilities"][0] - list(expected.values())).max()
        if not worst <= TOLERANCE:
            raise ParityError(
                f"the SavedModel must answer as Keras within {TOLERANCE}; it differs by "
                f"{worst:.2e} on {probe!r}."
            )
