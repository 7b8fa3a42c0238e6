"""An export answers as Keras does, by every recipe, and needs no TensorFlow."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from albert_tf import runtime
from albert_tf.export import bundle
from albert_tf.export.drop import Gate
from albert_tf.export.signature import Form
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.race import ChoiceExample
from albert_tf.tasks.regression import ScoredExample
from albert_tf.tasks.squad import QuestionExample
from albert_tf.tasks.task import write_task
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.evaluate import load
from tests.export.conftest import CLASSIFICATION, tiny_config, write_model

# Random weights have no score to lose.
UNSEEN = Gate(accept_drop=100)
EXAMPLES = {
    "classifier": [TextExample("Mina found a lamp."), TextExample(""), TextExample("at " * 99)],
    "regressor": [ScoredExample("Mina found a lamp."), ScoredExample("at " * 99, "so")],
    "chooser": [ChoiceExample("So it was. " * n, "Who?", ("Mina", "Ravi", "all")) for n in (1, 9)],
    "answerer": [
        QuestionExample("Where was Mina?", "At dawn Mina was in the kitchen. " * times)
        for times in (1, 4)
    ],
}


@pytest.mark.parametrize(
    "name",
    [
        "classifier",
        "answerer",
        *(pytest.param(other, marks=pytest.mark.slow) for other in ("regressor", "chooser")),
    ],
)
def test_the_float_export_answers_as_keras_does(models: Path, tmp_path: Path, name: str) -> None:
    contract = bundle.export(models / name, tmp_path / "out", "float32")
    assert contract.parity <= 1e-4
    keras_model, exported = load(models / name), runtime.load(tmp_path / "out")
    for example in EXAMPLES[name]:
        theirs, ours = keras_model.predict(example), exported.predict(example)
        if name == "regressor":
            assert ours.score == pytest.approx(theirs.score, abs=1e-5)
        elif name != "answerer":
            assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)
        else:
            assert (ours.start, ours.end) == (theirs.start, theirs.end)


@pytest.mark.slow
def test_an_export_of_every_recipe_is_smaller_and_close(
    models: Path, tmp_path: Path, exported: Path
) -> None:
    whole = runtime.load(exported)
    first = whole.predict(EXAMPLES["classifier"][0])
    # Of a random five-layer model, whose widths do not divide into the blocks of 4 bits.
    for recipe, error in (("float16", 1e-3), ("dynamic_wi8_afp32", 0.1), ("compat", 0.1)):
        target = tmp_path / recipe
        small = bundle.export(models / "classifier", target, recipe, gate=UNSEEN)
        # Scales, means and operations take 50 kB with `compat`, more than such a model has.
        assert recipe == "compat" or small.model.bytes < whole.contract.model.bytes
        second = runtime.load(target).predict(EXAMPLES["classifier"][0])
        assert second.probabilities == pytest.approx(first.probabilities, abs=error)
        assert second.probabilities != first.probabilities
    # The control: the answer to another text is farther away than any of them.
    other = whole.predict(EXAMPLES["classifier"][2])
    assert other.probabilities != pytest.approx(first.probabilities, abs=0.1)


@pytest.mark.slow
def test_a_static_recipe_sees_examples_of_a_file(models: Path, tmp_path: Path) -> None:
    source, target = models / "classifier", tmp_path / "out"
    with pytest.raises(ValueError, match="static_wi8_ai8 must see examples"):
        bundle.export(source, target, "static_wi8_ai8", gate=UNSEEN)
    assert not target.exists()
    table = tmp_path / "train.tsv"
    rows = [f"{' '.join(['Mina found a lamp.'] * times)}\tyes" for times in range(1, 9)]
    table.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    contract = bundle.export(source, target, "static_wi8_ai8", calibration=table, gate=UNSEEN)
    assert contract.recipe == "static_wi8_ai8"
    static = runtime.load(target).predict(EXAMPLES["classifier"][0])
    keras_model = load(source).predict(EXAMPLES["classifier"][0])
    # Eight-bit activations of a random five-layer model.
    assert static.probabilities == pytest.approx(keras_model.probabilities, abs=0.1)
    other = load(source).predict(EXAMPLES["classifier"][2])  # the control
    assert static.probabilities != pytest.approx(other.probabilities, abs=0.1)
    assert len(json.loads((target / "report.json").read_text())["error_by_depth"]) == 5


@pytest.mark.slow
def test_a_recipe_of_integers_sees_examples_where_there_are_some(
    models: Path, tmp_path: Path
) -> None:
    source, table = models / "classifier", tmp_path / "train.tsv"
    table.write_text("text\nMina found a lamp.\nShe was at home at dawn.\n")  # without labels
    found = []
    for name, calibration in (("random", None), ("shown", table)):
        bundle.export(
            source, tmp_path / name, "dynamic_wi8_afp32", calibration=calibration, gate=UNSEEN
        )
        found.append((tmp_path / name / "model.tflite").read_bytes())
        small = runtime.load(tmp_path / name).predict(EXAMPLES["classifier"][0])
        whole = load(source).predict(EXAMPLES["classifier"][0])
        assert small.probabilities == pytest.approx(whole.probabilities, abs=0.1)
    assert found[0] != found[1]
    table.write_text("text\n")
    with pytest.raises(ValueError, match=r"train\.tsv must hold examples; it has none"):
        bundle.export(
            source, tmp_path / "none", "dynamic_wi8_afp32", calibration=table, gate=UNSEEN
        )
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("encoder", "moved"), [("loop", 6), ("unrolled", 0)])
def test_products_of_one_row_are_kept_from_xnnpack_in_a_loop_alone(
    models: Path, tmp_path: Path, encoder: str, moved: int
) -> None:
    bundle.export(
        models / "classifier", tmp_path / "out", "dynamic_wi8_afp32", Form(encoder), gate=UNSEEN
    )
    assert (tmp_path / "out" / "model.tflite").read_bytes().count(b"VALIDATION:") == moved


def test_a_width_that_blocks_of_weights_do_not_fill_is_named(models: Path, tmp_path: Path) -> None:
    words = "every 32 weights of a row, so embedding_size must be a multiple of 32; got 12"
    with pytest.raises(ValueError, match=words):
        bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi4b32_afp32", gate=UNSEEN)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_static_recipe_sees_examples_in_the_form_of_the_file(
    models: Path, tmp_path: Path
) -> None:
    table = tmp_path / "train.tsv"
    table.write_text("text\tlabel\nMina found a lamp.\tyes\nShe was at home at dawn.\tno\n")
    bundle.export(
        models / "classifier", tmp_path / "out", "static_wi8_ai8", Form("unrolled", 23, 2),
        calibration=table, gate=UNSEEN,
    )  # fmt: skip
    static = runtime.load(tmp_path / "out").predict(EXAMPLES["classifier"][0])
    keras_model = load(models / "classifier").predict(EXAMPLES["classifier"][0])
    assert static.probabilities == pytest.approx(keras_model.probabilities, abs=0.1)


@pytest.mark.slow
def test_an_exported_model_answers_where_tensorflow_cannot_be_imported(
    models: Path, tmp_path: Path
) -> None:
    bundle.export(models / "answerer", tmp_path / "out", "dynamic_wi8_afp32", gate=UNSEEN)
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
    question = QuestionExample("Where was Mina?", "Mina was in the kitchen.")
    assert answer == asdict(runtime.load(tmp_path / "out").predict(question))
    assert answer["text"]


def test_what_cannot_be_answered_is_refused_before_the_work(
    models: Path, tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "convert", None)
    source, target = models / "classifier", tmp_path / "out"
    with pytest.raises(ValueError, match=r"must leave room for a token of each .*; got 2"):
        bundle.export(source, target, "float32", Form(sequence_length=2))
    table = tmp_path / "dev.tsv"
    table.write_text("text\tlabel\nMina found a lamp.\tnever\n")
    with pytest.raises(ValueError, match=r"dev.tsv line 2: label must be one of no, yes, perhaps"):
        bundle.export(source, target, "float16", gate=Gate(table))
    config = replace(tiny_config(tokenizer, 31), vocab_size=60)
    model = AlbertTextClassifier(AlbertBackbone(config), num_classes=3)
    write_model(tmp_path / "small", model, tokenizer, CLASSIFICATION)
    with pytest.raises(ValueError, match=r"vocab_size pieces \(60\); it holds 120"):
        bundle.export(tmp_path / "small", target, "float32")
    long = shutil.copytree(source, tmp_path / "long")
    write_task(replace(CLASSIFICATION, sequence_length=128), long)
    with pytest.raises(ValueError, match=r"max_position_embeddings \(47\); got 128. Give a sho"):
        bundle.export(long, target, "float32")
    assert not target.exists()


def test_files_that_are_not_there_are_named_at_once(models: Path, tmp_path: Path) -> None:
    absent, source, target = tmp_path / "absent", models / "classifier", tmp_path / "out"
    with pytest.raises(FileNotFoundError, match=r"calibration must be a file of .*absent"):
        bundle.export(source, target, "static_wi8_ai8", calibration=absent)
    with pytest.raises(ValueError, match="float16 sees no examples; leave --calibration out"):
        bundle.export(source, target, "float16", calibration=absent)
