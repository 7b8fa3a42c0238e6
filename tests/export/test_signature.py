"""Every form of a file answers as Keras does, and stores what is shared once."""

from pathlib import Path

import keras
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf import runtime
from albert_tf.export import bundle
from albert_tf.export.convert import convert
from albert_tf.export.depth_error import _body
from albert_tf.export.heads import Head, MaskedLMHead
from albert_tf.export.signature import Form, build_signature
from albert_tf.export.verify import verify
from albert_tf.layers.dense import Dense
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.runtime.engine import Engine
from albert_tf.training.evaluate import load
from tests.conftest import TINY
from tests.export.test_bundle import EXAMPLES

FORMS = {
    "loop": Form(),
    "unrolled": Form("unrolled"),
    "loop_fixed": Form("loop", 17, 2),
    "unrolled_fixed": Form("unrolled", 17, 2),
    "loop_batch": Form("loop", None, 3),
}


def parts(model: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))


def stored(model: schema.ModelT, least: int) -> list[bytes]:
    """The weights of at least so many bytes, each as often as it is stored."""
    contents = [buffer.data for buffer in model.buffers if buffer.data is not None]
    return [bytes(content) for content in contents if len(content) >= least]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_answers_as_keras_and_stores_weights_once(name: str) -> None:
    model = AlbertPretrainer(AlbertBackbone(TINY))
    head = MaskedLMHead(model)
    content = convert(build_signature(head, FORMS[name], head.inputs))
    assert verify(head, content, lengths=(7, 13)) <= 1e-4
    found = parts(content)
    weights = stored(found, 900)
    assert len(weights) == len(set(weights))
    # The table, which the head reads as well, and the kernels of one layer.
    assert sum(map(len, weights)) >= 4 * (101 * 11 + 4 * 26 * 26 + 2 * 26 * 37)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in found.operatorCodes]
    assert (schema.BuiltinOperator.WHILE in codes) == name.startswith("loop")
    assert schema.BuiltinOperator.CUSTOM not in codes
    form = FORMS[name]
    assert Engine(content).inputs["token_ids"].shape == (form.batch, form.sequence_length)


COMPUTED = ("SHAPE", "PACK", "CONCATENATION", "REDUCE_PROD", "GATHER")


def shapes_computed(content: bytes) -> list[str]:
    """The operations that compute sizes inside the loop, and reshapes that need them."""
    model = parts(content)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    body = model.subgraphs[-1]
    found = []
    for operator in body.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        sizes = body.tensors[operator.inputs[1]] if name == "RESHAPE" else None
        computed = sizes is not None and model.buffers[sizes.buffer].data is None
        if name in COMPUTED or computed:
            found.append(name)
    return found


# What enters a loop is reshaped, see `of_computed_shape`; nothing else is.
ONCE = ["SHAPE", "PACK", "RESHAPE"]


@pytest.mark.parametrize("name", ["loop", "loop_batch"])
def test_sizes_are_computed_once_in_the_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Head(AlbertQuestionAnswerer(AlbertBackbone(TINY)))
    assert shapes_computed(convert(build_signature(model, FORMS[name]))) == ONCE
    # The control: Keras's own linear layer.
    monkeypatch.setattr(Dense, "call", keras.layers.Dense.call)
    assert len(shapes_computed(convert(build_signature(model)))) > 20


def test_the_body_whose_error_is_measured_is_planned_as_that_of_a_file() -> None:
    assert shapes_computed(convert(_body(AlbertBackbone(TINY)))) == ONCE


def test_the_counting_sees_weights_that_are_stored_twice() -> None:
    """The control: a model whose layers are not one has the kernels of each."""
    config = {**TINY.__dict__, "num_hidden_groups": 3}
    model = Head(AlbertQuestionAnswerer(AlbertBackbone(config)))
    weights = stored(parts(convert(build_signature(model))), 900)
    kernels = [content for content in weights if len(content) == 4 * 26 * 37]
    assert len(kernels) == 6  # two for each of three layers


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param("classifier", Form("loop", 31, 2), marks=pytest.mark.slow),
        pytest.param("answerer", Form("unrolled", 47, 2), marks=pytest.mark.slow),
        pytest.param("chooser", Form("loop", None, 3), marks=pytest.mark.slow),
        pytest.param("regressor", Form("unrolled", 31), marks=pytest.mark.slow),
    ],
)
def test_an_exported_form_answers_as_keras_does(
    models: Path, tmp_path: Path, name: str, form: Form
) -> None:
    contract = bundle.export(models / name, tmp_path / "out", "float32", form)
    assert contract.encoder == form.encoder
    keras_model, exported = load(models / name), runtime.load(tmp_path / "out")
    assert exported.batch_size == form.batch
    pairs = zip(
        keras_model.predict_all(EXAMPLES[name]), exported.predict_all(EXAMPLES[name]), strict=True
    )
    for theirs, ours in pairs:
        if name == "answerer":
            assert (ours.start, ours.end) == (theirs.start, theirs.end)
        elif name == "regressor":
            assert ours.score == pytest.approx(theirs.score, abs=1e-5)
        else:
            assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


@pytest.mark.slow
def test_a_fixed_length_cuts_what_the_task_reads(models: Path, tmp_path: Path) -> None:
    contract = bundle.export(models / "classifier", tmp_path / "out", "float32", Form("loop", 13))
    assert contract.task["sequence_length"] == 13
    assert contract.inputs["token_ids"].shape == (1, 13)
    model = runtime.load(tmp_path / "out")
    assert model.classify(["at " * 99]) == model.classify(["at " * 11])


@pytest.mark.parametrize(
    ("name", "length", "words"),
    [
        ("classifier", 48, r"at most max_position_embeddings \(47\); got 48"),
        ("answerer", 19, r"sequence_length must exceed max_query_length \(16\) by at least 4"),
    ],
)
def test_a_length_that_cannot_be_is_refused(
    models: Path, tmp_path: Path, name: str, length: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        bundle.export(models / name, tmp_path / "out", "float32", Form("loop", length))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"encoder": "flat"}, "encoder must be loop or unrolled; got 'flat'"),
        ({"batch": 0}, "batch must be at least 1; got 0"),
        ({"sequence_length": 0}, "sequence_length must be at least 1; got 0"),
    ],
)
def test_a_form_checks_itself(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Form(**settings)  # type: ignore[arg-type]
