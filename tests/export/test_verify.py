"""The gate passes a true conversion and refuses a file of other weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.export.benchmark import latencies_ms
from albert_tf.export.convert import convert
from albert_tf.export.heads import open_head
from albert_tf.export.signature import build_signature
from albert_tf.export.verify import ParityError, check_finite, random_inputs, verify
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.runtime.engine import Engine
from albert_tf.text.tokenizer import Tokenizer
from tests.export.conftest import tiny_config


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


def test_a_model_that_is_sure_hides_nothing(models: Path) -> None:
    """Of logits 30 and 35 apart the probabilities are the same to 1e-13."""
    head, _ = open_head(models / "classifier")
    head.model.head.bias.assign([0.0, 30.0, 0.0])
    converted = convert(build_signature(head))
    assert verify(head, converted, lengths=(7,)) <= 1e-4
    head.model.head.bias.assign([0.0, 35.0, 0.0])
    with pytest.raises(ParityError, match=r"it differs by 5\.00e\+00"):
        verify(head, converted, lengths=(7,))


@pytest.mark.slow
def test_a_model_of_one_segment_is_shown_no_other(tokenizer: Tokenizer) -> None:
    config = replace(tiny_config(tokenizer, 31), type_vocab_size=1)
    model = AlbertTextClassifier(AlbertBackbone(config), num_classes=3)
    converted = convert(build_signature(model))
    assert verify(model, converted, lengths=(7,)) <= 1e-4
    check_finite(Engine(converted), 31, config)
    assert latencies_ms(Engine(converted), 31)
    segments = random_inputs((1, 7), tiny_config(tokenizer, 31), np.random.default_rng(0))
    assert segments[0]["segment_ids"].max() == 1  # the control: others are


@pytest.mark.slow
def test_positions_that_differ_are_seen_at_their_length(models: Path) -> None:
    model = AlbertTextClassifier.from_preset(str(models / "classifier"), compile=False)
    converted = convert(build_signature(model))
    table = model.backbone.embedding.position.embeddings
    table.assign(np.concatenate([table[:30], -np.asarray(table[30:])]))
    assert verify(model, converted, lengths=(7, 30)) <= 1e-4
    with pytest.raises(ParityError, match="must answer as Keras"):
        verify(model, converted, lengths=(31,))
