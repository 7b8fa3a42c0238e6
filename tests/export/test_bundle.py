"""An export answers as Keras does, is written whole or not at all, and needs no TensorFlow."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from tensorflow.lite.tools import flatbuffer_utils

from albert_tf import runtime
from albert_tf.export import bundle
from albert_tf.export.drop import DropError, Gate
from albert_tf.export.report import REPORT_FILES
from albert_tf.export.signature import Form
from albert_tf.export.verify import ParityError
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.race import ChoiceExample
from albert_tf.tasks.regression import ScoredExample
from albert_tf.tasks.squad import QuestionExample
from albert_tf.text.tokenizer import SentencePieceTokenizer
from albert_tf.training.evaluate import load

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


@pytest.mark.parametrize("name", EXAMPLES)
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
def test_an_export_of_every_recipe_is_smaller_and_close(models: Path, tmp_path: Path) -> None:
    whole = bundle.export(models / "classifier", tmp_path / "float", "float32")
    first = runtime.load(tmp_path / "float").predict(EXAMPLES["classifier"][0])
    # Of a random five-layer model, whose widths do not divide into the blocks of 4 bits.
    for recipe, error in (("float16", 1e-3), ("dynamic_wi8_afp32", 0.1), ("compat", 0.1)):
        target = tmp_path / recipe
        small = bundle.export(models / "classifier", target, recipe, gate=UNSEEN)
        assert small.model.bytes < whole.model.bytes
        second = runtime.load(target).predict(EXAMPLES["classifier"][0])
        assert second.probabilities == pytest.approx(first.probabilities, abs=error)
        assert second.probabilities != first.probabilities
    # The control: the answer to another text is farther away than any of them.
    other = runtime.load(tmp_path / "float").predict(EXAMPLES["classifier"][2])
    assert other.probabilities != pytest.approx(first.probabilities, abs=0.1)


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


def test_one_foreign_file_among_an_export_protects_the_folder(models: Path, tmp_path: Path) -> None:
    bundle.export(models / "classifier", tmp_path / "out", "float32")
    (tmp_path / "out" / "scores.json").write_text("{}")
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", tmp_path / "out", "float32")


def test_a_folder_of_something_else_is_never_replaced(models: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="something other than an export"):
        bundle.export(models / "classifier", tmp_path, "float32")
    assert (tmp_path / "thesis.txt").read_text() == "dear"


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


@pytest.mark.slow
def test_exporting_twice_replaces_the_first(models: Path, tmp_path: Path) -> None:
    bundle.export(models / "classifier", tmp_path / "out", "float32")
    first = runtime.load(tmp_path / "out").contract
    bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32", gate=UNSEEN)
    second = runtime.load(tmp_path / "out").contract
    assert (first.recipe, second.recipe) == ("float32", "dynamic_wi8_afp32")
    assert second.model.bytes < first.model.bytes
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_leaves_nothing_and_spoils_nothing(
    models: Path, tmp_path: Path, full_disk: Callable[[type], list[str]]
) -> None:
    target = tmp_path / "out"
    bundle.export(models / "classifier", target, "float32")
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    seen = full_disk(SentencePieceTokenizer)
    with pytest.raises(OSError, match="No space left"):
        bundle.export(models / "classifier", target, "float32")
    assert seen == ["model.tflite"]  # the control: something had been written
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_without_room_for_the_conversion_is_named(models: Path, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"\.convert-\w+ could not be written: File too large$"):
            bundle.export(models / "classifier", tmp_path / "out", "float32")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_export_leaves_what_was_there(
    models: Path, tmp_path: Path, by: signal.Signals
) -> None:
    target = tmp_path / "out"
    bundle.export(models / "classifier", target, "float32")
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    command = [
        sys.executable, "-m", "albert_tf", "export", models / "classifier", "--out", target,
        "--accept-drop", "100",
    ]  # fmt: skip
    for sign in (".convert-*", ".out-*/export/model.tflite"):  # what it is killed over
        export = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while export.poll() is None and not list(tmp_path.glob(sign)):
            time.sleep(0.005)
        export.send_signal(by)
        assert export.wait() not in {0, 1}  # the control: it was at work
        assert {path.name: path.read_bytes() for path in target.iterdir()} == before
        left = [path for path in tmp_path.iterdir() if path != target]
        assert by == signal.SIGKILL or not left
        for path in left:
            shutil.rmtree(path)


@pytest.mark.parametrize("moment", [1, 2])
def test_an_interrupted_move_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    folder, target, before = (tmp_path / name for name in ("new", "out", "before"))
    for path in (folder, target):
        path.mkdir()
        (path / "model.tflite").write_text(path.name)
    rename, moves = Path.rename, []

    def interrupted(path: Path, goal: Path) -> Path:
        moves.append(path)
        if len(moves) == moment:
            raise KeyboardInterrupt
        return rename(path, goal)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bundle._put(folder, target, before)
    assert (target / "model.tflite").read_text() == "out"


def test_answers_that_are_no_numbers_are_not_written(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: bytes, name: str, calibration: object = None) -> bytes:
        return other_weights(model, name, spread=np.inf)

    monkeypatch.setattr("albert_tf.export.bundle.quantize", broken)
    with pytest.raises(ParityError, match="must be finite; it is not for 2 tokens of 2"):
        bundle.export(models / "classifier", tmp_path / "out", "float16", gate=UNSEEN)
    assert not list(tmp_path.iterdir())


def test_files_that_are_not_there_are_named_at_once(models: Path, tmp_path: Path) -> None:
    absent, source, target = tmp_path / "absent", models / "classifier", tmp_path / "out"
    with pytest.raises(FileNotFoundError, match=r"calibration must be a labelled .*absent"):
        bundle.export(source, target, "static_wi8_ai8", calibration=absent)
    with pytest.raises(ValueError, match="float16 sees no examples; leave --calibration out"):
        bundle.export(source, target, "float16", calibration=absent)


def test_a_recipe_that_changes_answers_must_be_seen_or_accepted(
    models: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="give --validation, a file of examples, or --accept"):
        bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32")
    with pytest.raises(ValueError, match=r"accept_drop must be at least 0; got -1\."):
        Gate(accept_drop=-1)
    assert not list(tmp_path.iterdir())


def test_a_file_that_scores_too_low_is_not_written(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(models / "classifier")
    texts = ["Mina found a lamp.", "at the lake", "so", "Ravi " * 9, "in the garden at dawn"]
    rows = [f"{text}\t{model.predict(TextExample(text)).label}\n" for text in texts]
    table = tmp_path / "dev.tsv"
    table.write_text("text\tlabel\n" + "".join(rows))
    target = tmp_path / "out"
    seen = Gate(validation=table)
    bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=seen)
    assert {path.name for path in target.iterdir()} >= {"model.tflite", *REPORT_FILES}
    report = json.loads((target / "report.json").read_text())
    assert report["score"]["examples"] == len(texts)
    assert report["score"]["whole"] == 100
    assert len(report["error_by_depth"]) == 5
    assert set(report["latency_ms"]) == {"24", "31"}
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    # A quantizer that loses the weights.
    monkeypatch.setattr("albert_tf.export.bundle.quantize", other_weights)
    with pytest.raises(DropError, match=r"must lose at most 0\.3 points of accuracy; it loses"):
        bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=seen)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    accepted = Gate(validation=table, accept_drop=100)
    bundle.export(models / "classifier", target, "dynamic_wi8_afp32", gate=accepted)
    score = json.loads((target / "report.json").read_text())["score"]
    assert score["drop"] > 0.3
    assert score["accepted"] == 100


@pytest.mark.slow
@pytest.mark.parametrize("head", ["embeddings", "masked_lm"])
def test_a_file_without_a_score_must_agree_with_the_float_file(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    source, target, table = models / "pretrained", tmp_path / "out", tmp_path / "texts.tsv"
    texts = ["Mina found a [MASK].", "[MASK] [MASK] lake", "so [MASK]", "[MASK] at dawn"]
    table.write_text("text\n" + "".join(f"{text}\n" for text in texts))
    seen = Gate(validation=table)
    bundle.export(source, target, "dynamic_wi8_afp32", head=head, gate=seen)
    score = json.loads((target / "report.json").read_text())["score"]
    assert (score["metric"], score["whole"], score["examples"]) == ("agreement", 100, 4)
    assert score["exported"] > 75
    # A quantizer that loses the weights.
    monkeypatch.setattr("albert_tf.export.bundle.quantize", other_weights)
    with pytest.raises(DropError, match="points of agreement; it loses"):
        bundle.export(source, target, "dynamic_wi8_afp32", head=head, gate=seen)


@pytest.mark.slow
def test_hidden_states_are_compared_on_the_examples(models: Path, tmp_path: Path) -> None:
    table = tmp_path / "dev.tsv"
    errors = []
    # The first two ask the same of other words; without examples the words are random.
    for text in ("Mina found a lamp.", "in the garden at dawn", None):
        table.write_text(f"text\tlabel\n{text}\tyes\n")
        gate = Gate(validation=table if text else None, accept_drop=100)
        bundle.export(models / "classifier", tmp_path / "out", "dynamic_wi8_afp32", gate=gate)
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        errors.append(tuple(report["error_by_depth"]))
    assert len(set(errors)) == 3


def other_weights(model: bytes, name: str, calibration: object = None, spread: float = 1) -> bytes:
    """Puts random numbers into every matrix of a float file."""
    rng = np.random.default_rng(0)
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    for buffer in parsed.buffers:
        if buffer.data is not None and len(buffer.data) > 256:
            numbers = spread * rng.normal(size=len(buffer.data) // 4).astype(np.float32)
            buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))
