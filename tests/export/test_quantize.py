"""Every recipe keeps a model's answers, shrinks its tables too, and stores each weight once."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf.config import AlbertConfig
from albert_tf.examples.packing import Ints
from albert_tf.export.calibration import in_form
from albert_tf.export.convert import convert
from albert_tf.export.lookup import as_lookups
from albert_tf.export.quantize import quantize
from albert_tf.export.recipes import CALIBRATED_RECIPES, RECIPES
from albert_tf.export.row_scales import move_row_scales
from albert_tf.export.signature import INPUT_NAMES, Form, build_signature
from albert_tf.export.structure import check_structure
from albert_tf.layers.heads import MaskedLMHead
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import Floats
from tests.export.clients import ClientError, ask

VOCABULARY, LABELS, POSITIONS = 3001, 7, 61
# Spread of the errors of the logits as a share of that of the logits, for random weights:
# about twice what was measured. Where the table is scrambled, in the control, it is 0.8.
ERRORS = {
    "float32": 0.0,
    "float16": 0.002,
    "dynamic_wi8_afp32": 0.03,
    "weight_only_wi8_afp32": 0.03,
    "dynamic_wi4b32_afp32": 0.3,
    "static_wi8_ai16": 0.2,
    "static_wi8_ai8": 0.25,
    "compat": 0.03,
}


def build_model() -> AlbertTextClassifier:
    """A classifier, the same every time."""
    keras.utils.set_random_seed(0)
    config = AlbertConfig(
        vocab_size=VOCABULARY, embedding_size=32, hidden_size=64, num_hidden_layers=3,
        num_attention_heads=2, intermediate_size=96, max_position_embeddings=POSITIONS,
        initializer_range=0.05,
    )  # fmt: skip
    return AlbertTextClassifier(AlbertBackbone(config), num_classes=LABELS)


@pytest.fixture(scope="module")
def model() -> bytes:
    """The float file."""
    return convert(build_signature(build_model()))


def inputs(number: int, seed: int) -> list[dict[str, Ints]]:
    """Random sequences of many lengths, half of them with padding."""
    rng = np.random.default_rng(seed)
    batches = []
    for index in range(number):
        length = int(rng.integers(5, POSITIONS))
        real = np.arange(length)[None] < (length if index % 2 else 1 + length // 2)
        token_ids = rng.integers(0, VOCABULARY, (1, length)) * real
        segment_ids = (np.arange(length)[None] > length // 3) & real
        batches.append({
            "token_ids": token_ids.astype(np.int32),
            "segment_ids": segment_ids.astype(np.int32),
            "padding_mask": real.astype(np.int32),
        })
    return batches


def answers(content: bytes, batches: list[dict[str, Ints]]) -> Floats:
    engine = Engine(content)
    return np.concatenate([engine.run(batch)["logits"] for batch in batches])


def error(content: bytes, model: bytes) -> float:
    batches = inputs(12, seed=1)
    expected = answers(model, batches)
    return float((answers(content, batches) - expected).std() / expected.std())


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_keeps_the_answers_and_stores_each_weight_once(model: bytes, name: str) -> None:
    content = quantize(model, name, inputs(40, seed=2))
    check_structure(content)
    assert error(content, model) <= ERRORS[name]
    edges = [1, 2, POSITIONS]
    for length, real in [(POSITIONS, POSITIONS // 10), *((edge, edge) for edge in edges)]:
        ones = np.ones((1, length), np.int32)
        mask = (np.arange(length)[None] < real).astype(np.int32)
        batch = {"token_ids": ones, "segment_ids": 0 * ones, "padding_mask": mask}
        assert np.isfinite(answers(content, [batch])).all()


@pytest.mark.slow
@pytest.mark.parametrize("form", [
    Form("unrolled"), Form(sequence_length=POSITIONS), Form("unrolled", POSITIONS, batch=2),
])  # fmt: skip
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_keeps_the_answers_in_every_form(model: bytes, name: str, form: Form) -> None:
    converted = convert(build_signature(build_model(), form))
    examples = [in_form(batch, form, pad_id=0) for batch in inputs(40, seed=2)]
    content = quantize(converted, name, examples)
    check_structure(content)
    assert error(content, model) <= max(ERRORS[name], 1e-5)


def test_a_model_that_reads_the_wrong_rows_is_beyond_every_error(model: bytes) -> None:
    scrambled = build_model()
    table = scrambled.backbone.embedding.token.embeddings
    table.assign(np.roll(table.numpy(), 1, axis=0))
    assert error(convert(build_signature(scrambled)), model) > max(ERRORS.values())


def test_tables_shrink_with_the_rest(model: bytes) -> None:
    sizes = {name: len(quantize(model, name, inputs(2, seed=2))) for name in RECIPES}
    # Weights, and about 60 kB of operations; a scale of a row of 32 takes as much as 12 of
    # its weights in 8 bits do, and one of a block as much as 4 in 4 bits.
    weights = VOCABULARY * 32 + 4 * 64 * 64 + 2 * 64 * 96 + 64 * 64 + 32 * 64
    assert sizes["float32"] > 4 * weights
    assert sizes["float16"] < 2 * weights + 70_000
    for name in ("dynamic_wi8_afp32", "weight_only_wi8_afp32", "compat", *CALIBRATED_RECIPES):
        assert sizes[name] < 1.4 * weights + 70_000
    assert sizes["dynamic_wi4b32_afp32"] < 0.6 * weights + 65_000


def test_a_table_that_is_also_the_last_layer_is_stored_once() -> None:
    classifier = build_model()
    backbone = classifier.backbone
    head = MaskedLMHead(backbone.config, backbone.embedding.token, name="head")
    head.build((None, None, backbone.config.hidden_size))

    def answer(**batch: tf.Tensor) -> dict[str, tf.Tensor]:
        # No encoder: the padding mask is read for the sake of the signature.
        x = backbone.embedding(batch["token_ids"], batch["segment_ids"])  # [1, T, H]
        return {"logits": head(x)[:, 0] + 0.0 * tf.cast(batch["padding_mask"][0, 0], tf.float32)}

    module = tf.Module()
    module.weights = [variable.value for variable in (*backbone.variables, *head.variables)]
    with as_lookups(backbone.embedding):
        module.answer = tf.function(answer).get_concrete_function(**{
            name: tf.TensorSpec([1, None], tf.int32, name=name) for name in INPUT_NAMES
        })
    model = convert(module)
    for name in RECIPES:
        content = quantize(model, name, inputs(8, seed=2))
        check_structure(content)
        assert error(content, model) <= ERRORS[name]
        assert len(content) < len(model) or name == "float32"


def test_scales_moved_out_of_rows_change_no_answer(model: bytes) -> None:
    # Sums of three layers in another order.
    assert error(move_row_scales(model), model) < 1e-4


@pytest.mark.parametrize("name", sorted(set(RECIPES) - CALIBRATED_RECIPES))
def test_no_weight_lies_at_a_place_counted_from_the_start(model: bytes, name: str) -> None:
    """Metadata goes before it."""
    whole = schema.Model.GetRootAs(quantize(model, name), 0)
    assert all(whole.Buffers(i).Offset() <= 1 for i in range(whole.BuffersLength()))


@pytest.mark.parametrize("name", sorted(set(RECIPES) - CALIBRATED_RECIPES))
def test_runtimes_that_know_one_scale_are_told_of_more(model: bytes, name: str) -> None:
    """2.14 knows version 9 of a product, opened such files, and answered nonsense."""
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(quantize(model, name)))
    product = schema.BuiltinOperator.FULLY_CONNECTED
    versions = [code.version for code in parsed.operatorCodes if code.builtinCode == product]
    old = name in {"float32", "float16", "compat"}
    assert versions
    assert all((version <= 9) == old for version in versions), versions


@pytest.mark.slow
def test_one_scale_for_rows_of_all_sizes_is_what_compat_avoids() -> None:
    classifier = build_model()
    table = classifier.backbone.embedding.token.embeddings
    table.assign(table.numpy() * np.geomspace(1e-3, 1, VOCABULARY)[:, None])
    model = convert(build_signature(classifier))
    assert error(quantize(model, "compat"), model) <= 2 * ERRORS["compat"]


def test_a_static_recipe_without_examples_names_the_cure(model: bytes) -> None:
    for name in CALIBRATED_RECIPES:
        with pytest.raises(ValueError, match=f"{name} must see examples .* Give it --calibration"):
            quantize(model, name)
        with pytest.raises(ValueError, match="got none"):
            quantize(model, name, [])


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown recipe 'int8'; choose one of float32, float16"):
        quantize(b"", "int8")


def test_float32_changes_nothing() -> None:
    assert quantize(b"model", "float32") == b"model"


@pytest.mark.slow
def test_albert_base_fits_its_bars() -> None:
    classifier = AlbertTextClassifier(AlbertBackbone(AlbertConfig()), num_classes=2)
    model = convert(build_signature(classifier))
    sizes = {}
    for name in RECIPES:
        content = quantize(model, name, inputs(1, seed=0))
        check_structure(content)
        sizes[name] = len(content) / 1e6
    assert sizes["float32"] <= 47.5
    assert sizes["float16"] <= 24
    assert sizes.pop("dynamic_wi4b32_afp32") <= 7.5
    assert all(size <= 12.5 for name, size in sizes.items() if not name.startswith("float"))


@pytest.mark.slow
def test_compat_answers_in_the_last_tflite_runtime(model: bytes, tmp_path: Path) -> None:
    batches = inputs(12, seed=1)
    expected = answers(model, batches)
    questions = [{name: ids.tolist() for name, ids in batch.items()} for batch in batches]
    for name in ("compat", "dynamic_wi8_afp32"):
        (tmp_path / name).write_bytes(quantize(model, name))
    found = ask("tflite_runtime", "run_tflite_runtime", tmp_path / "compat", questions)
    logits = np.concatenate([answer["logits"] for answer in found])
    assert (logits - expected).std() / expected.std() <= ERRORS["compat"]
    # The control: a scale for each row, of which that runtime would read the first alone.
    with pytest.raises(ClientError, match="FULLY_CONNECTED"):
        ask("tflite_runtime", "run_tflite_runtime", tmp_path / "dynamic_wi8_afp32", questions)
