"""Writes the models that LiteRtEngineTest opens: any_length.tflite and seven_tokens.tflite.

Each adds its three inputs up, with a weight of its own for each, so that no two can be taken for
one another. Run it where albert_tf[export] is installed, in the folder `resources` beside it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf


def convert(tokens: int | None) -> bytes:
    """A LiteRT file for inputs [1, tokens]."""
    spec = tf.TensorSpec([1, tokens], tf.int32)

    @tf.function(input_signature=[spec, spec, spec])
    def total(segment_ids: tf.Tensor, token_ids: tf.Tensor, padding_mask: tf.Tensor) -> dict:
        start = tf.cast(token_ids + 10 * segment_ids + 100 * padding_mask, tf.float32)
        return {"start": start, "end": -start}

    module = tf.Module()
    module.total = total
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": total})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


if __name__ == "__main__":
    Path("any_length.tflite").write_bytes(convert(None))
    Path("seven_tokens.tflite").write_bytes(convert(7))
