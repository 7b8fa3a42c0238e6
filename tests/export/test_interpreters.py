"""Interpreters of others answer from our files, by the names of the signature, as our runtime does.

Each runs in an environment of its own, but for those of TensorFlow and LiteRT that are here. What
they cannot do is tested too, so that the README may say so.
"""

import json
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.config import AlbertConfig
from albert_tf.examples.packing import pad_batch
from albert_tf.export import bundle
from albert_tf.export.drop import Gate
from albert_tf.export.recipes import BLOCKS, CALIBRATED_RECIPES, INTEGER_RECIPES, RECIPES
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.tasks.classification import TextExample
from albert_tf.text.tokenizer import Tokenizer
from tests.export.clients import HERE, ClientError, ask
from tests.export.conftest import ANSWERING, CLASSIFICATION, write_answerer, write_model

pytestmark = pytest.mark.slow

ANSWERER = "answerer"
OF_OLD = ["float32", "float16", "compat"]
# It answers weights of 4 bits with nonsense where a processor has AVX-512 VNNI.
OF_LITERT_1_4 = [recipe for recipe in RECIPES if recipe not in BLOCKS]
TEXTS = ["Mina found a lamp.", "", "so it was at dawn, and the lamp was in the garden", "lamps!"]
# Client and program by the name of an interpreter.
INTERPRETERS = {
    "LiteRT": (HERE, "run_litert"),
    "CompiledModel": (HERE, "run_compiled_model"),
    "LiteRT 1.4": ("litert_1_4", "run_litert"),
    "TensorFlow 2.21": (HERE, "run_tensorflow"),
    "TensorFlow 2.16": ("tensorflow_2_16", "run_tensorflow"),
    "tflite_runtime 2.14": ("tflite_runtime", "run_tflite_runtime"),
}
# Both compute in float32 with sums in another order; the largest difference seen is 6e-7, of a
# score up to 1 or as a share of a larger one.
TOLERANCE = 1e-5
# Other runtimes round activations of 8 bits in another way.
ROUNDING = 0.002


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Exports a classifier by every recipe, and `answerer` in float."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("interpreters")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=32, hidden_size=64, num_hidden_layers=3,
        num_attention_heads=2, intermediate_size=96, max_position_embeddings=41,
        initializer_range=0.1,
    )  # fmt: skip
    model = AlbertTextClassifier(AlbertBackbone(config), num_classes=3)
    write_model(folder / "model", model, tokenizer, CLASSIFICATION)
    table = folder / "calibration.tsv"
    table.write_text("text\n" + "".join(f"{text}\n" for text in TEXTS if text))
    for recipe in RECIPES:
        seen = table if recipe in CALIBRATED_RECIPES else None
        bundle.export(
            folder / "model", folder / recipe, recipe, calibration=seen, gate=Gate(accept_drop=100)
        )
    write_answerer(folder / "answerer-model", tokenizer, ANSWERING)
    bundle.export(folder / "answerer-model", folder / ANSWERER, "float32")
    return folder


def packed(folder: Path, text: str) -> dict[str, Any]:
    """What a model of the folder reads of a text: int32 [1, T] by name."""
    model = runtime.load(folder / "float32")
    (window,) = model.task.windows(TextExample(text), model.tokenizer)
    return pad_batch([window.packed], pad_id=model.tokenizer.special.pad)


def answers(interpreter: str, model: Path, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs of an interpreter for each batch, by name."""
    client, program = INTERPRETERS[interpreter]
    name = json.loads((model / "contract.json").read_text())["model"]["name"]
    rows = [{name: value.tolist() for name, value in batch.items()} for batch in batches]
    return ask(client, program, model / name, rows)


@pytest.mark.parametrize(
    ("interpreter", "name"),
    [
        *product(["LiteRT"], ["float32", ANSWERER]),  # of the version that our runtime uses
        *product(["LiteRT 1.4"], [*OF_LITERT_1_4, ANSWERER]),
        *product(["TensorFlow 2.21"], [*RECIPES, ANSWERER]),
        *product(["TensorFlow 2.16", "tflite_runtime 2.14"], [*OF_OLD, ANSWERER]),
        # It sizes outputs before it computes: those of the answerer are known only then.
        *product(["CompiledModel"], RECIPES),
    ],
)
def test_interpreters_answer_as_we_do(folder: Path, interpreter: str, name: str) -> None:
    batches = [packed(folder, text) for text in TEXTS]
    model = runtime.load(folder / name)
    found = answers(interpreter, folder / name, batches)
    expected = [model.run(batch) for batch in batches]
    near = ROUNDING if name in INTEGER_RECIPES else TOLERANCE
    for theirs, ours in zip(found, expected, strict=True):
        assert theirs.keys() == ours.keys()
        for output, value in ours.items():
            np.testing.assert_allclose(theirs[output], value, near, near)
    # The control: above [CLS] of another text.
    for output, value in expected[1].items():
        assert found[0][output][0][0] != pytest.approx(value[0][0], near, near)


@pytest.mark.parametrize("interpreter", ["TensorFlow 2.16", "tflite_runtime 2.14"])
@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe not in OF_OLD])
def test_old_interpreters_refuse_what_they_do_not_know(
    folder: Path, interpreter: str, recipe: str
) -> None:
    with pytest.raises(ClientError, match="version"):
        answers(interpreter, folder / recipe, [packed(folder, TEXTS[0])])
