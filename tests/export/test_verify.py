"""The gate passes a true conversion and refuses a file of other weights."""

from pathlib import Path

import numpy as np
import pytest

from albert_tf.export.convert import convert
from albert_tf.export.signature import build_signature
from albert_tf.export.verify import ParityError, verify
from albert_tf.models.classifier import AlbertTextClassifier


def test_the_gate_refuses_a_file_of_other_weights(models: Path) -> None:
    model = AlbertTextClassifier.from_preset(str(models / "classifier"), compile=False)
    converted = convert(build_signature(model))
    assert verify(model, converted, lengths=(7, 23)) <= 1e-4
    kernel = model.backbone.encoder.feed_forward[0][0].intermediate.kernel
    nudged = np.asarray(kernel).copy()
    nudged[3, 5] += 0.05
    kernel.assign(nudged)
    with pytest.raises(ParityError, match=r"must answer as Keras within 0.0001; it differs by"):
        verify(model, converted, lengths=(7, 23))
