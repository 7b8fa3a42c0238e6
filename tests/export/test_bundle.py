"""An export answers as Keras does, is written whole or not at all, and needs no TensorFlow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.config import AlbertConfig
from albert_tf.export import bundle
from albert_tf.export.convert import convert
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import build_signature
from albert_tf.export.verify import ParityError, verify
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.tasks.task import write_task
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.evaluate import load
from tests.conftest import TINY

CLASSIFICATION = ClassificationTask(labels=("no", "yes", "perhaps"), sequence_length=31)
ANSWERING = QuestionAnsweringTask(sequence_length=47, doc_stride=16, max_query_length=16)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Folders `classifier` and `answerer` of models with random weights."""
    folder = tmp_path_factory.mktemp("models")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=12, hidden_size=24, num_hidden_layers=5,
        num_attention_heads=2, intermediate_size=37, max_position_embeddings=47,
        initializer_range=0.3,
    )  # fmt: skip
    classifier = AlbertTextClassifier(AlbertBackbone(config), num_classes=3)
    answerer = AlbertQuestionAnswerer(AlbertBackbone(config))
    for name, model, task in (
        ("classifier", classifier, CLASSIFICATION),
        ("answerer", answerer, ANSWERING),
    ):
        model.save_to_preset(str(folder / name))
        tokenizer.save(folder / name)
        write_task(task, folder / name)
    return folder


EXAMPLES = {
    "classifier": [TextExample("Mina found a lamp."), TextExample(""), TextExample("at " * 99)],
    "answerer": [
        QuestionExample("Where was Mina?", "At dawn Mina was in the kitchen. " * times)
        for times in (1, 4)
    ],
}


@pytest.mark.parametrize("name", ["classifier", "answerer"])
def test_the_float_export_answers_as_keras_does(models: Path, tmp_path: Path, name: str) -> None:
    contract = bundle.export(models / name, tmp_path / "out", "float32")
    assert contract.parity <= 1e-4
    keras_model, exported = load(models / name), runtime.load(tmp_path / "out")
    for example in EXAMPLES[name]:
        theirs, ours = keras_model.predict(example), exported.predict(example)
        if name == "classifier":
            assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)
        else:
            assert (ours.start, ours.end) == (theirs.start, theirs.end)


def test_the_dynamic_range_export_is_smaller_and_close(models: Path, tmp_path: Path) -> None:
    whole = bundle.export(models / "classifier", tmp_path / "float", "float32")
    small = bundle.export(models / "classifier", tmp_path / "int8", "dynamic_wi8_afp32")
    assert small.model.bytes < whole.model.bytes
    first = runtime.load(tmp_path / "float").predict(EXAMPLES["classifier"][0])
    second = runtime.load(tmp_path / "int8").predict(EXAMPLES["classifier"][0])
    # Eight-bit weights of a random five-layer model.
    assert second.probabilities == pytest.approx(first.probabilities, abs=0.1)
    assert second.probabilities != first.probabilities


def test_the_encoder_is_stored_once_however_often_it_is_applied() -> None:
    sizes = {}
    for layers, groups in ((2, 1), (12, 1), (2, 2)):
        config = AlbertConfig.from_dict({
            **TINY.__dict__,
            "num_hidden_layers": layers,
            "num_hidden_groups": groups,
        })
        answerer = AlbertQuestionAnswerer(AlbertBackbone(config))
        sizes[layers, groups] = len(convert(build_signature(answerer)))
    assert abs(sizes[12, 1] - sizes[2, 1]) < 100  # a count, and what aligns the file
    assert sizes[2, 2] - sizes[2, 1] > 16_000  # the control: a second layer of 26 x 26 and 26 x 37


def test_the_gate_refuses_a_file_of_other_weights(models: Path) -> None:
    model = AlbertTextClassifier.from_preset(str(models / "classifier"), compile=False)
    converted = convert(build_signature(model))
    assert verify(model, converted, lengths=(7, 23)) <= 1e-4
    kernel = model.backbone.encoder.groups[0][0].intermediate.kernel
    nudged = np.asarray(kernel).copy()
    nudged[3, 5] += 0.05
    kernel.assign(nudged)
    with pytest.raises(ParityError, match=r"must answer as Keras within 0.0001; it differs by"):
        verify(model, converted, lengths=(7, 23))


def test_a_refused_export_leaves_what_was_there(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    bundle.export(models / "classifier", target, "float32")
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    monkeypatch.setattr("albert_tf.export.verify.TOLERANCE", 0.0)
    with pytest.raises(ParityError):
        bundle.export(models / "classifier", target, "float32")
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_never_replaced(models: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", tmp_path, "float32")
    assert (tmp_path / "thesis.txt").read_text() == "dear"


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown recipe 'int8'; choose one of float32, dynamic"):
        quantize(b"", "int8")


def test_an_exported_model_answers_where_tensorflow_cannot_be_imported(
    models: Path, tmp_path: Path
) -> None:
    bundle.export(models / "answerer", tmp_path / "out", "dynamic_wi8_afp32")
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'keras_hub'): sys.modules[name] = None\n"
        "from albert_tf.cli import main\n"
        f"code = main(['predict', {str(tmp_path / 'out')!r}, '--question', 'Where was Mina?',"
        " '--context', 'Mina was in the kitchen.'])\n"
        "raise SystemExit(code)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    answer = json.loads(result.stdout)
    assert answer["text"] in "Mina was in the kitchen."


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda folder: (folder / "model.tflite").unlink(), FileNotFoundError, "is missing"),
        (
            lambda folder: (folder / "model.tflite").write_bytes(b"\0" * 64),
            ValueError, "must have .* bytes; got 64. Export again",
        ),
        (
            lambda folder: flip(folder / "model.tflite"),
            ValueError, "does not match its checksum",
        ),
        (lambda folder: edit(folder, surprise=1), ValueError, "must have exactly the keys"),
        (lambda folder: edit(folder, format_version=9), ValueError, "format_version must be 1;"),
        (
            lambda folder: edit(folder, model={"name": "../x", "bytes": 1, "sha256": ""}),
            ValueError, "must name plain files; got '../x'",
        ),
        (lambda folder: (folder / "contract.json").write_text("{"), ValueError, "is damaged"),
    ],
)  # fmt: skip
def test_a_damaged_export_is_refused(
    models: Path, tmp_path: Path, damage: object, error: type, words: str
) -> None:
    bundle.export(models / "classifier", tmp_path / "out", "float32")
    damage(tmp_path / "out")  # type: ignore[operator]
    with pytest.raises(error, match=words):
        runtime.load(tmp_path / "out")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(folder: Path, **changes: object) -> None:
    path = folder / "contract.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_exporting_twice_replaces_the_first(models: Path, tmp_path: Path) -> None:
    bundle.export(models / "classifier", tmp_path / "out", "float32")
    shutil.copy(tmp_path / "out" / "contract.json", tmp_path / "first.json")
    bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32")
    contract = json.loads((tmp_path / "out" / "contract.json").read_text())
    assert contract["recipe"] == "dynamic_wi8_afp32"
