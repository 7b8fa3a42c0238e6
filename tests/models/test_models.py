"""Models have the published sizes, survive saving, and learn through compile and fit."""

from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.models.saved import load_backbone, load_model, load_task_model
from tests.conftest import TINY

B, T, M = 3, 7, 2
RNG = np.random.default_rng(0)
INPUTS = {
    "token_ids": RNG.integers(0, TINY.vocab_size, (B, T)).astype(np.int32),
    "segment_ids": np.zeros((B, T), np.int32),
    "padding_mask": np.ones((B, T), np.int32),
}
CHOICES = {name: np.stack([value] * 4, axis=1) for name, value in INPUTS.items()}
WITH_MASKS = {**INPUTS, "mask_positions": np.array([[1, 5], [2, 3], [6, 0]], np.int32)}


def build(kind: type) -> tuple[keras.Model, dict[str, np.ndarray]]:
    keras.utils.set_random_seed(0)
    backbone = AlbertBackbone(TINY)
    if kind is AlbertTextClassifier:
        return kind(backbone, num_classes=5), INPUTS
    inputs = {AlbertPretrainer: WITH_MASKS, AlbertMultipleChoice: CHOICES}
    return kind(backbone), inputs.get(kind, INPUTS)


@pytest.mark.parametrize(
    ("size", "count"),
    [("albert_base", 11_683_584), pytest.param("bert_base", 109_482_240, marks=pytest.mark.slow)],
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
        pytest.param(AlbertTextRegressor, {"score": (B,)}, marks=pytest.mark.slow),
        (AlbertQuestionAnswerer, {"start": (B, T), "end": (B, T)}),
        pytest.param(AlbertMultipleChoice, {"logits": (B, 4)}, marks=pytest.mark.slow),
    ],
)
def test_a_saved_model_answers_the_same(
    tmp_path: Path, kind: type, shapes: dict[str, tuple[int, ...]]
) -> None:
    model, inputs = build(kind)
    outputs = model(inputs)
    assert {name: tuple(output.shape) for name, output in outputs.items()} == shapes
    model.save_to_preset(str(tmp_path))
    again = load_model(tmp_path)
    assert type(again) is kind
    for name, output in again(inputs).items():
        np.testing.assert_array_equal(outputs[name], output)


def test_models_and_parts_of_them_can_be_cloned_and_saved(tmp_path: Path) -> None:
    backbone = AlbertBackbone(TINY)
    model = AlbertTextClassifier(backbone, num_classes=3)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(INPUTS)["logits"], model(INPUTS)["logits"])
    pooled = keras.layers.Dense(2)(backbone.output["pooled_output"])
    part = keras.Model(backbone.input, pooled)
    part.save(tmp_path / "part.keras")
    opened = keras.saving.load_model(tmp_path / "part.keras")
    np.testing.assert_array_equal(opened(INPUTS), part(INPUTS))


@pytest.mark.filterwarnings("ignore:Layer .* does not have a .quantize. method:UserWarning")
def test_a_pretrainer_that_keras_quantized_guesses_nearly_the_same() -> None:
    model, inputs = build(AlbertPretrainer)
    before = model.predict(inputs, verbose=0)["mlm"]
    model.quantize("int8")
    after = model.predict(inputs, verbose=0)["mlm"]
    assert 0 < np.abs(after - before).max() < 0.05 * np.abs(before).max()


@pytest.mark.parametrize("sharing", ["all", "attention", "ffn", "none"])
def test_shared_weights_are_saved_once(tmp_path: Path, sharing: str) -> None:
    backbone = AlbertBackbone(replace(TINY, parameter_sharing=sharing))
    backbone.save_to_preset(str(tmp_path))
    again = load_backbone(tmp_path)
    assert again.config == backbone.config
    np.testing.assert_array_equal(again(INPUTS)["pooled_output"], backbone(INPUTS)["pooled_output"])
    with h5py.File(tmp_path / "model.weights.h5") as file:
        stored = []
        file.visititems(lambda _, item: stored.append(getattr(item, "size", 0)))
    assert sum(stored) == backbone.count_params()


@pytest.mark.parametrize(
    "objective", ["sop", *(pytest.param(name, marks=pytest.mark.slow) for name in ("nsp", "none"))]
)
def test_the_sentence_objective_is_a_setting(tmp_path: Path, objective: str) -> None:
    model = AlbertPretrainer(AlbertBackbone(TINY), sentence_objective=objective)
    names = ["mlm"] if objective == "none" else ["mlm", objective]
    assert list(model(WITH_MASKS)) == names
    model.compile("sgd")
    targets = {"mlm": np.full((B, M), 9, np.int32), objective: np.zeros(B, np.int32)}
    targets = {name: targets[name] for name in names}
    weights = {name: np.ones_like(target) for name, target in targets.items()}
    results = model.evaluate(
        WITH_MASKS, targets, sample_weight=weights, verbose=0, return_dict=True
    )
    accuracies = {"accuracy"} if objective == "none" else {f"{name}_accuracy" for name in names}
    assert accuracies <= set(results)
    model.save_to_preset(str(tmp_path))
    assert load_model(tmp_path).sentence_objective == objective


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(ValueError, match="sentence_objective must be one of sop, nsp, none; got"):
        AlbertPretrainer(AlbertBackbone(TINY), sentence_objective="order")


def test_heads_read_the_rows_of_the_whole_sequence_output() -> None:
    model, _ = build(AlbertPretrainer)
    body = model.backbone(INPUTS)
    places = WITH_MASKS["mask_positions"]
    rows = np.take_along_axis(np.asarray(body["sequence_output"]), places[..., None], axis=1)
    found = model(WITH_MASKS)
    # The same products, summed by kernels for other sizes.
    np.testing.assert_allclose(found["mlm"], model.masked_lm(rows), atol=1e-5)
    np.testing.assert_allclose(found["sop"], model.sentence(body["pooled_output"]), atol=1e-5)
    assert not np.allclose(found["mlm"], model.masked_lm(rows[:, ::-1]), atol=1e-2)


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


def test_a_head_that_is_not_there_is_not_left_to_chance(tmp_path: Path) -> None:
    build(AlbertQuestionAnswerer)[0].save_to_preset(str(tmp_path))
    (tmp_path / "task.weights.h5").unlink()
    with pytest.raises(ValueError, match=r"is damaged: task.weights.h5 is missing"):
        load_task_model(tmp_path, "question_answering")
    assert load_backbone(tmp_path).built  # which is whole


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"registered_name": "keras_hub>AlbertBackbone"}', "import it first, with albert-tf imp"),
        ('{"model_type": "albert"}', "config.json describes a model of another package"),
        ("{", r"config.json is not JSON"),
    ],
)
def test_a_model_that_was_not_imported_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        load_backbone(tmp_path)


# Bits of mantissa, 8 or 11, through three layers whose outputs have deviation 1.
@pytest.mark.parametrize(("kind", "tolerance"), [("bfloat16", 0.2), ("float16", 0.02)])
@pytest.mark.parametrize("unroll", [True, False])
def test_mixed_precision_is_close_to_float32(kind: str, tolerance: float, unroll: bool) -> None:
    model = AlbertBackbone(TINY)
    mixed = AlbertBackbone(TINY, dtype=f"mixed_{kind}")
    mixed.set_weights(model.get_weights())
    mixed.encoder.unroll = unroll
    sequence = mixed(INPUTS)["sequence_output"]
    assert sequence.dtype == kind
    difference = np.asarray(sequence, np.float32) - np.asarray(model(INPUTS)["sequence_output"])
    assert 1e-4 < np.abs(difference).max() < tolerance


@pytest.mark.parametrize("kind", ["mixed_bfloat16", "mixed_float16"])
def test_a_model_of_mixed_precision_can_be_opened_again(tmp_path: Path, kind: str) -> None:
    model = AlbertTextClassifier(AlbertBackbone(TINY, dtype=kind), num_classes=5)
    model.save_to_preset(str(tmp_path))
    again = AlbertTextClassifier.from_preset(str(tmp_path), compile=False)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns(kind: str) -> None:
    model = AlbertTextClassifier(AlbertBackbone(TINY, dtype=kind), num_classes=5)
    model.compile(keras.optimizers.Adam(0.01))
    labels = np.array([0, 3, 4], np.int32)
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (kind == "mixed_float16")  # its gradients are too small for it otherwise
    history = model.fit(INPUTS, labels, epochs=40, verbose=0).history["loss"]
    assert history[-1] < 0.5 < history[0]


def test_dropout_follows_the_config() -> None:
    for rate in (0.0, 0.3):
        config = replace(TINY, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)
        model = AlbertBackbone(config)
        first, second = (model(INPUTS, training=True)["pooled_output"] for _ in range(2))
        assert np.array_equal(first, second) == (rate == 0.0)


@pytest.mark.slow
def test_a_model_too_large_to_remember_its_activations_trains_the_same() -> None:
    def losses(rate: float, remat: bool) -> list[float]:
        keras.utils.set_random_seed(0)
        config = replace(TINY, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)
        backbone = AlbertBackbone(config, remat=remat)
        assert AlbertBackbone.from_config(backbone.get_config()).encoder.remat == remat
        model = AlbertTextClassifier(backbone, num_classes=5)
        model.compile(keras.optimizers.SGD(0.1), jit_compile=True)
        history = model.fit(INPUTS, np.array([0, 3, 4]), epochs=3, shuffle=False, verbose=0)
        return list(history.history["loss"])

    expected = losses(0.2, remat=False)
    np.testing.assert_allclose(losses(0.2, remat=True), expected, rtol=1e-5)
    # The control: without dropout the first loss is another one already.
    assert not np.allclose(losses(0.0, remat=True), expected, rtol=1e-3)
