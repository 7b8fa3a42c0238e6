"""Models have the published sizes, survive saving, and learn through compile and fit."""

from pathlib import Path

import keras
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.saved import load_backbone, load_task_model
from tests.conftest import TINY

B, T, M = 3, 7, 2
RNG = np.random.default_rng(0)
INPUTS = {
    "token_ids": RNG.integers(0, TINY.vocab_size, (B, T)).astype(np.int32),
    "segment_ids": np.zeros((B, T), np.int32),
    "padding_mask": np.ones((B, T), np.int32),
}
WITH_MASKS = {**INPUTS, "mask_positions": np.array([[1, 5], [2, 3], [6, 0]], np.int32)}


def build(kind: type) -> tuple[keras.Model, dict[str, np.ndarray]]:
    keras.utils.set_random_seed(0)
    backbone = AlbertBackbone(TINY)
    if kind is AlbertTextClassifier:
        return kind(backbone, num_classes=5), INPUTS
    return kind(backbone), WITH_MASKS if kind is AlbertPretrainer else INPUTS


@pytest.mark.parametrize(
    ("size", "count"), [("albert_base", 11_683_584), ("bert_base", 109_482_240)]
)
def test_backbones_have_the_published_number_of_parameters(size: str, count: int) -> None:
    assert AlbertBackbone(AlbertConfig.named(size)).count_params() == count


def test_the_backbone_names_its_outputs() -> None:
    outputs = AlbertBackbone(TINY)(INPUTS)
    assert outputs["sequence_output"].shape == (B, T, TINY.hidden_size)
    assert outputs["pooled_output"].shape == (B, TINY.hidden_size)


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        (AlbertPretrainer, {"mlm": (B, M, TINY.vocab_size), "sop": (B, 2)}),
        (AlbertTextClassifier, {"logits": (B, 5)}),
        (AlbertQuestionAnswerer, {"start": (B, T), "end": (B, T)}),
    ],
)
def test_a_saved_model_answers_the_same(
    tmp_path: Path, kind: type, shapes: dict[str, tuple[int, ...]]
) -> None:
    model, inputs = build(kind)
    outputs = model(inputs)
    assert {name: tuple(output.shape) for name, output in outputs.items()} == shapes
    model.save_to_preset(str(tmp_path))
    again = kind.from_preset(str(tmp_path))(inputs)
    for name in outputs:
        np.testing.assert_array_equal(outputs[name], again[name])


def test_the_masked_head_is_tied_to_the_token_table() -> None:
    model, _ = build(AlbertPretrainer)
    before = np.asarray(model(WITH_MASKS)["mlm"])
    table = model.backbone.token_embedding.embeddings
    moved = np.asarray(table).copy()
    moved[100] += 1.0  # an id that no input holds
    assert 100 not in INPUTS["token_ids"]
    table.assign(moved)
    difference = np.abs(np.asarray(model(WITH_MASKS)["mlm"]) - before).max(axis=(0, 1))
    assert difference[100] > 0
    assert difference[:100].max() == 0


def test_filler_places_do_not_change_the_loss() -> None:
    model, _ = build(AlbertPretrainer)
    targets = {"mlm": np.full((B, M), 9, np.int32), "sop": np.zeros(B, np.int32)}
    weights = {"mlm": np.array([[1, 0]] * B), "sop": np.ones(B)}
    first = model.evaluate(WITH_MASKS, targets, sample_weight=weights, verbose=0, return_dict=True)
    targets["mlm"] = np.array([[9, 55]] * B, np.int32)
    second = model.evaluate(WITH_MASKS, targets, sample_weight=weights, verbose=0, return_dict=True)
    assert first == second
    # The mean is over the three weighted places, not over all six.
    logits = np.asarray(model(WITH_MASKS)["mlm"])[:, 0].astype(np.float64)
    likelihood = logits[:, 9] - np.log(np.exp(logits).sum(-1))
    assert first["mlm_loss"] == pytest.approx(-likelihood.mean(), rel=1e-5)


def test_a_classifier_learns_through_fit() -> None:
    model, inputs = build(AlbertTextClassifier)
    model.compile(keras.optimizers.Adam(0.01))
    labels = np.array([0, 3, 4], np.int32)
    model.fit(inputs, labels, epochs=40, verbose=0)
    assert np.asarray(model(inputs)["logits"]).argmax(-1).tolist() == labels.tolist()


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 2; got 1"):
        AlbertTextClassifier(AlbertBackbone(TINY), num_classes=1)


def test_a_truncated_model_is_named(tmp_path: Path) -> None:
    build(AlbertQuestionAnswerer)[0].save_to_preset(str(tmp_path))
    for file in ("model.weights.h5", "task.weights.h5"):
        (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:900])
    with pytest.raises(ValueError, match=f"the model in {tmp_path} is damaged"):
        load_backbone(tmp_path)
    with pytest.raises(ValueError, match=f"the model in {tmp_path} is damaged"):
        load_task_model(tmp_path, "question_answering")
    with pytest.raises(FileNotFoundError, match=r"holds no saved model: config.json is missing"):
        load_backbone(tmp_path / "absent")


def test_mixed_precision_is_close_to_float32() -> None:
    model = AlbertBackbone(TINY)
    for unroll in (True, False):
        mixed = AlbertBackbone(TINY, dtype="mixed_bfloat16")
        mixed.set_weights(model.get_weights())
        mixed.encoder.unroll = unroll
        sequence = mixed(INPUTS)["sequence_output"]
        assert sequence.dtype == "bfloat16"
        # Eight bits of mantissa through three layers whose outputs have deviation 1.
        difference = np.asarray(sequence, np.float32) - np.asarray(model(INPUTS)["sequence_output"])
        assert 1e-4 < np.abs(difference).max() < 0.2
