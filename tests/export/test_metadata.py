"""A LiteRT file carries its vocabulary, its labels and the names that clients look for."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from albert_tf.export import bundle
from albert_tf.export.convert import convert
from albert_tf.export.metadata import add_metadata, labels_text
from albert_tf.export.parsed import parse
from albert_tf.export.signature import Form, build_signature
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from tests.conftest import TINY
from tests.export.flat_reader import Table

WORDPIECE = Path(__file__).parents[1] / "golden" / "wordpiece"
# In the order in which clients know inputs.
BATCH = {
    "token_ids": np.array([[2, 13, 17, 3, 0]], np.int32),
    "segment_ids": np.array([[0, 1, 1, 1, 0]], np.int32),
    "padding_mask": np.array([[1, 1, 1, 1, 0]], np.int32),
}
LABELS = ("не", "so\nso", "", "예")


@pytest.fixture(scope="module")
def model() -> bytes:
    keras.utils.set_random_seed(0)
    return convert(build_signature(AlbertQuestionAnswerer(AlbertBackbone(TINY))))


def files(model: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        return {name: archive.read(name) for name in archive.namelist()}


def subgraph(model: bytes) -> Table:
    """The description of the model, by the numbers of metadata_schema.fbs."""
    parsed = parse(model)
    (entry,) = [entry for entry in parsed.metadata if entry.name == b"TFLITE_METADATA"]
    content = parsed.buffers[entry.buffer].data.tobytes()
    assert content[4:8] == b"M001"
    (found,) = Table.root(content).tables(3)
    return found


def names(tables: list[Table]) -> list[str]:
    return [table.text(0) for table in tables]


def test_a_classifier_carries_vocabulary_and_labels(model: bytes, vocabulary: Path) -> None:
    packed = add_metadata(model, ClassificationTask(labels=LABELS), vocabulary, 64)
    assert files(packed) == {
        "spiece.model": (vocabulary / "spiece.model").read_bytes(),
        "labels.txt": "не\nso so\n \n예\n".encode(),
    }
    found = subgraph(packed)
    assert names(found.tables(2)) == ["ids", "segment_ids", "mask"]
    assert all(names(output.tables(6)) == ["labels.txt"] for output in found.tables(3))


def test_every_label_has_a_line_of_its_own() -> None:
    for labels in (LABELS, ("a", "b"), ("\n", "\r\n", "\u2028"), ()):
        lines = labels_text(labels).split("\n")
        assert len(lines) == len(labels) + 1
        assert all(lines[:-1])


@pytest.mark.parametrize("task", [ClassificationTask(), RegressionTask()])
def test_a_task_without_labels_carries_none(
    model: bytes, vocabulary: Path, task: ClassificationTask | RegressionTask
) -> None:
    packed = add_metadata(model, task, vocabulary, 64)
    assert list(files(packed)) == ["spiece.model"]
    assert all(output.tables(6) == [] for output in subgraph(packed).tables(3))


@pytest.mark.parametrize("kind", ["spiece.model", "vocab.txt"])
def test_the_tokenizer_is_named_with_its_file(model: bytes, vocabulary: Path, kind: str) -> None:
    folder = vocabulary if kind == "spiece.model" else WORDPIECE
    packed = add_metadata(model, QuestionAnsweringTask(), folder, 384)
    assert files(packed) == {kind: (folder / kind).read_bytes()}
    (step,) = subgraph(packed).tables(5)
    # A union: BertTokenizerOptions are the fourth of ProcessUnitOptions, then SentencePiece's.
    assert step.integer(0) & 0xFF == (5 if kind == "spiece.model" else 4)
    assert names(step.table(1).tables(0)) == [kind]


def test_answers_to_questions_go_by_the_names_of_the_client(model: bytes, vocabulary: Path) -> None:
    packed = add_metadata(model, QuestionAnsweringTask(), vocabulary, 64)
    assert sorted(names(subgraph(packed).tables(3))) == ["end_logits", "start_logits"]


@pytest.mark.parametrize(("positions", "length"), [(383, 1), (384, 384), (512, 384)])
def test_a_model_of_questions_begins_with_384_tokens_if_it_has_room(
    model: bytes, vocabulary: Path, positions: int, length: int
) -> None:
    packed = add_metadata(model, QuestionAnsweringTask(), vocabulary, positions)
    details = Interpreter(model_content=packed).get_input_details()
    assert [tensor["shape"].tolist() for tensor in details] == [[1, length]] * 3
    assert all(tensor["shape_signature"].tolist() == [1, -1] for tensor in details)


def test_a_model_of_one_length_keeps_it(vocabulary: Path) -> None:
    form = Form(sequence_length=128)
    answerer = AlbertQuestionAnswerer(AlbertBackbone(replace(TINY, max_position_embeddings=384)))
    fixed = convert(build_signature(answerer, form))
    packed = add_metadata(fixed, QuestionAnsweringTask(), vocabulary, 384)
    details = Interpreter(model_content=packed).get_input_details()
    assert [tensor["shape"].tolist() for tensor in details] == [[1, 128]] * 3


def test_inputs_stand_in_the_order_of_the_client(model: bytes, vocabulary: Path) -> None:
    """And the file answers as before."""
    packed = add_metadata(model, ClassificationTask(), vocabulary, 64)
    found, before = (
        [tensor["name"] for tensor in Interpreter(model_content=content).get_input_details()]
        for content in (packed, model)
    )
    assert found == [f"serving_default_{name}:0" for name in BATCH]
    assert before != found
    expected, answers = Engine(model).run(BATCH), Engine(packed).run(BATCH)
    for name in ("start", "end"):
        np.testing.assert_array_equal(answers[name], expected[name])
        assert np.ptp(expected[name]) > 0


def test_outputs_are_described_in_the_order_of_the_file(model: bytes, vocabulary: Path) -> None:
    packed = add_metadata(model, RegressionTask(), vocabulary, 64)
    details = Interpreter(model_content=packed).get_output_details()
    runner = Interpreter(model_content=packed).get_signature_runner("serving_default")
    by_place = {tensor["index"]: name for name, tensor in runner.get_output_details().items()}
    assert names(subgraph(packed).tables(3)) == [by_place[tensor["index"]] for tensor in details]


@pytest.mark.parametrize(
    ("positions", "length", "said"),
    [(383, None, 0), (384, None, 1), (512, 384, 1), (512, 128, 0), (512, 512, 0)],
)
def test_a_client_that_would_write_384_tokens_is_not_told_how(
    model: bytes, vocabulary: Path, positions: int, length: int | None, said: int
) -> None:
    form = Form(sequence_length=length)
    packed = add_metadata(model, QuestionAnsweringTask(), vocabulary, positions, form)
    assert len(subgraph(packed).tables(5)) == said
    classes = add_metadata(model, ClassificationTask(labels=LABELS), vocabulary, positions, form)
    assert len(subgraph(classes).tables(5)) == 1


def test_the_weights_are_there_once_and_equal_exports_are_equal(
    model: bytes, vocabulary: Path
) -> None:
    task = ClassificationTask(labels=LABELS)
    packed = add_metadata(model, task, vocabulary, 64)
    assert packed == add_metadata(model, task, vocabulary, 64)
    vocabulary_bytes = (vocabulary / "spiece.model").stat().st_size
    assert len(packed) - len(model) - vocabulary_bytes < 4_000


@pytest.mark.slow
def test_an_export_has_it(models: Path, tmp_path: Path) -> None:
    bundle.export(models / "regressor", tmp_path / "out", "float32")
    content = (tmp_path / "out" / "model.tflite").read_bytes()
    assert list(files(content)) == ["spiece.model"]
    outputs = json.loads((tmp_path / "out" / "contract.json").read_text())["outputs"]
    assert names(subgraph(content).tables(3)) == list(outputs)
