"""KerasHub's ALBERT, an independent implementation, gives the same numbers with our weights."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras_hub
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.kerashub import (
    from_keras_hub,
    read_checkpoint,
    to_keras_hub,
    write_checkpoint,
)
from albert_tf.models.checkpoints.tensors import CheckpointMismatch
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.text.tokenizer import load_tokenizer
from tests.conftest import TINY
from tests.layers.reference import randomized
from tests.models.checkpoints.official import random_inputs

INPUTS = random_inputs(TINY)


def difference(ours: Any, theirs: Any, inputs: dict[str, np.ndarray] = INPUTS) -> float:
    """Largest, over the outputs at real tokens."""
    found, expected = ours(inputs), theirs(inputs)
    real = inputs["padding_mask"] == 1
    return max(
        float(np.abs(np.asarray(found[name]) - np.asarray(expected[name]))[rows].max())
        for name, rows in (("sequence_output", real), ("pooled_output", ...))
    )


def scaled_down(size: str) -> AlbertConfig:
    """The layers, heads and proportions of a named size, a 16th as wide."""
    config = AlbertConfig.named(size)
    return replace(
        config,
        vocab_size=101,
        embedding_size=11,
        hidden_size=config.hidden_size // 16,
        intermediate_size=config.intermediate_size // 16,
        max_position_embeddings=64,
        initializer_range=0.1,
    )


@pytest.mark.parametrize(
    "config",
    [
        scaled_down("albert_base"),
        *(
            pytest.param(scaled_down(f"albert_{size}"), marks=pytest.mark.slow)
            for size in ("large", "xlarge", "xxlarge")
        ),
        replace(TINY, num_hidden_groups=3),
        replace(TINY, inner_group_num=2),
        replace(TINY, parameter_sharing="none"),
    ],
    ids=["base", "large", "xlarge", "xxlarge", "groups", "inner", "none"],
)
def test_both_implementations_agree(config: AlbertConfig) -> None:
    # Small noise: the masks of the two, -100 and -1e9, differ where scores reach hundreds.
    ours = randomized(AlbertBackbone(config), scale=0.03)
    theirs = to_keras_hub(ours)
    # Up to 24 float32 layers in another order of sums.
    assert difference(ours, theirs) <= 1e-5
    again = from_keras_hub(theirs)
    assert difference(again, theirs) <= 1e-5
    # The control: one weight nudged by a tenth.
    kernel = ours.encoder.feed_forward[0][0].intermediate.kernel
    nudged = np.asarray(kernel).copy()
    nudged[5, 7] += 0.1
    kernel.assign(nudged)
    assert difference(ours, theirs) > 2e-5


@pytest.mark.slow
def test_both_implementations_agree_at_full_size() -> None:
    ours = AlbertBackbone(AlbertConfig.named("albert_base"))
    inputs = random_inputs(ours.config)
    theirs = to_keras_hub(ours)
    found = difference(ours, theirs, inputs)
    print(f"albert_base against KerasHub: {found:.1e}")
    assert found <= 1e-5
    theirs.transformer_layers[0][0]._feedforward_layer_norm.beta.assign_add(np.full(768, 0.001))
    assert difference(ours, theirs, inputs) > 1e-4


def test_a_backbone_goes_to_a_preset_and_back(tmp_path: Path) -> None:
    ours = randomized(AlbertBackbone(TINY))
    assert write_checkpoint(ours, tmp_path) == ()
    theirs = keras_hub.models.AlbertBackbone.from_preset(str(tmp_path))
    assert difference(ours, theirs) <= 1e-5
    again = read_checkpoint(tmp_path).model
    np.testing.assert_array_equal(again(INPUTS)["pooled_output"], ours(INPUTS)["pooled_output"])


def test_a_classifier_keeps_its_head(tmp_path: Path) -> None:
    ours = AlbertTextClassifier(randomized(AlbertBackbone(TINY)), num_classes=3)
    assert write_checkpoint(ours, tmp_path) == ()
    theirs = keras_hub.models.AlbertTextClassifier.from_preset(str(tmp_path), preprocessor=None)
    logits = ours(INPUTS)["logits"]
    np.testing.assert_allclose(theirs(INPUTS), logits, atol=1e-5)
    imported = read_checkpoint(tmp_path)
    np.testing.assert_array_equal(imported.model(INPUTS)["logits"], logits)
    assert imported.labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_what_kerashub_has_no_place_for_is_said(tmp_path: Path) -> None:
    assert write_checkpoint(AlbertQuestionAnswerer(AlbertBackbone(TINY)), tmp_path) == ("heads",)
    backbone = to_keras_hub(AlbertBackbone(TINY))
    keras_hub.models.AlbertMaskedLM(backbone).save_to_preset(str(tmp_path / "mlm"))
    assert read_checkpoint(tmp_path / "mlm").left_out == ("masked-LM head",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"embedding_size": 26}, "embedding_size must differ from hidden_size"),
        ({"hidden_act": "relu"}, "hidden_act must be gelu for KerasHub; got 'relu'"),
        ({"hidden_dropout_prob": 0.1}, "one dropout rate for all; got .0.0, 0.1."),
        ({"parameter_sharing": "ffn"}, "parameter_sharing must be all or none"),
    ],
)
def test_what_kerashub_cannot_build_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        to_keras_hub(AlbertBackbone(replace(TINY, **changes)))


def test_a_damaged_preset_is_named(tmp_path: Path) -> None:
    write_checkpoint(AlbertBackbone(TINY), tmp_path)
    weights = tmp_path / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:700])
    with pytest.raises(ValueError, match=f"the preset {tmp_path} cannot be opened"):
        read_checkpoint(tmp_path)
    (tmp_path / "task.json").write_text(json.dumps([]))
    with pytest.raises(ValueError, match=r"task.json must hold a JSON object; got list"):
        read_checkpoint(tmp_path)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    ours = AlbertBackbone(TINY)
    theirs = to_keras_hub(ours)
    theirs.pooled_dense.bias.assign(np.full(TINY.hidden_size, np.nan))
    theirs.save_to_preset(str(tmp_path))
    with pytest.raises(CheckpointMismatch, match="bias has values that are not finite"):
        read_checkpoint(tmp_path)


# KerasHub leaves the vocabulary it read open.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_preset_reads_text_with_our_vocabulary(tmp_path: Path, vocabulary: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    ours = AlbertTextClassifier(AlbertBackbone(replace(TINY, vocab_size=tokenizer.vocab_size)), 2)
    write_checkpoint(ours, tmp_path, vocabulary / "spiece.model")
    theirs = keras_hub.models.AlbertTokenizer.from_preset(str(tmp_path))
    text = "At D\u00e1wn MINA was in the ``garden''."
    assert np.asarray(theirs(text)).tolist() == tokenizer.encode(text).token_ids
    opened = keras_hub.models.AlbertTextClassifier.from_preset(str(tmp_path))
    assert opened.preprocessor.sequence_length == TINY.max_position_embeddings
    assert opened.predict([text], verbose=0).shape == (1, 2)
