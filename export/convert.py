"""One function to the bytes of a float `.tflite` file.

signature  ->  [convert.convert]  ->  verify, quantize
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf

from albert_tf.export.signature import SIGNATURE


def convert(module: tf.Module, scratch: Path | None = None) -> bytes:
    """Converts a module with LiteRT's own operations only.

    Args:
        module: As `signature.build_signature` makes it.
        scratch: Folder on a disk with room for the weights, by default the system's for
            temporary files, which may be in memory.

    Returns:
        A float LiteRT model with the signature `serving_default`.

    Raises:
        OSError: the disk is full, or cannot be written.
        ValueError: the module needs an operation that LiteRT does not have.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".convert-") as directory:
        try:
            tf.saved_model.save(module, directory, signatures={SIGNATURE: module.answer})
        except tf.errors.OpError as error:
            reason = error.message.rpartition(";")[2].partition("[Op:")[0].strip()
            raise OSError(
                f"the scratch folder {directory} could not be written: {reason}"
            ) from error
        converter = tf.lite.TFLiteConverter.from_saved_model(directory, signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return bytes(converter.convert())
        except Exception as error:  # the converter's own class is not public
            reason = str(error).partition("\n")[0]
            raise ValueError(f"the model did not convert to LiteRT: {reason}") from error
