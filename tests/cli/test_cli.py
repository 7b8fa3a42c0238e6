"""Every command runs end to end on a small case; errors are one line and an exit code."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from albert_tf.cli import arguments, exporting, main, options
from albert_tf.cli.options import given
from albert_tf.demo.world import tell_story
from albert_tf.export.checkpoint import CHECKPOINT_FORMATS
from albert_tf.export.heads import PRETRAINED_HEADS
from albert_tf.export.signature import ENCODERS, Form
from albert_tf.models.saved import load_model
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.training.distribution import NAMES as STRATEGIES
from albert_tf.training.import_checkpoint import FORMATS
from albert_tf.training.imported_task import ONE_ROW_TASKS
from albert_tf.training.optimizers import OPTIMIZERS
from albert_tf.training.options import FinetuningOptions
from albert_tf.training.pretrain import PretrainingOptions
from albert_tf.training.recipe import read_recipe
from tests.models.checkpoints.tiny import tiny_checkpoint
from tests.story_shards import write_stories
from tests.text.official import train_officially
from tests.training.names import VALIDATION, write_pretrained


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def check_probe(model: Path, examples: Path, scores: Path) -> None:
    """Scores a pretrained model, which has hardly learned, on examples."""
    command = ("evaluate", model, "--examples", examples, "--limit", 40, "--json", scores)
    assert run(*command) == 0
    found = json.loads(scores.read_text())
    assert set(found) == {"mlm_loss", "mlm_accuracy", "sop_accuracy", "examples"}
    assert found["examples"] == 64
    assert 3 < found["mlm_loss"] < 6  # log(120) is 4.8


def check_file(
    tuned: Path, small: Path, table: Path, labels: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Both models label every row of a table rightly."""
    for model in (tuned, small):
        out = model.with_suffix(".jsonl")
        assert run("predict", model, "--input", table, "--out", out) == 0
        assert [json.loads(line)["label"] for line in out.read_text().splitlines()] == labels
    assert run("predict", small, "--input", table) == 1
    assert "--input with either --out or --submission" in capsys.readouterr().err


@pytest.mark.slow
def test_the_road_from_text_to_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    documents = [tell_story(rng).sentences for _ in range(40)]
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n\n".join("\n".join(sentences) for sentences in documents))
    rows = [
        {"text": f"{name} was here.", "label": label}
        for name, label in (("Mina", "she"), ("Ravi", "he")) for _ in range(16)
    ]  # fmt: skip
    table = tmp_path / "names.jsonl"
    table.write_text("\n".join(json.dumps(row) for row in rows))

    vocab, examples, pretrained, tuned, small = (
        tmp_path / name for name in ("vocab", "examples", "pretrained", "tuned", "small")
    )
    assert run("vocab", "train", "--input", corpus, "--size", 120, "--out", vocab) == 0
    write_stories(documents, load_tokenizer(vocab), examples)
    assert run(
        "pretrain", "--examples", examples, "--size", "demo", "--steps", 3,
        "--warmup-steps", 1, "--batch-size", 4, "--sequence-length", 48, "--sharing", "ffn",
        "--out", pretrained,
    ) == 0  # fmt: skip
    assert load_model(pretrained).backbone.config.parameter_sharing == "ffn"
    check_probe(pretrained, examples, tmp_path / "probe.json")
    finetune = [
        "finetune", "--task", "classification", "--model", pretrained, "--train", table,
        "--validation", table, "--sequence-length", 16, "--batch-size", 8, "--epochs", 10,
        "--learning-rate", 0.001, "--out", tuned,
    ]  # fmt: skip
    assert run(*finetune) == 0
    assert run(*finetune) == 1
    assert "holds a finished model" in capsys.readouterr().err
    assert run("export", tuned, "--validation", table, "--out", small) == 0

    scores = {}
    for name, folder in (("keras", tuned), ("litert", small)):
        path = tmp_path / f"{name}.json"
        assert run("evaluate", folder, "--task", "classification", "--data", table,
                   "--json", path) == 0  # fmt: skip
        scores[name] = json.loads(path.read_text())
    assert scores["keras"] == scores["litert"] == {"accuracy": 100.0, "examples": 32}

    capsys.readouterr()
    assert run("predict", small, "--text", "Ravi was here.") == 0
    assert json.loads(capsys.readouterr().out)["label"] == "he"
    check_file(tuned, small, table, [row["label"] for row in rows], capsys)
    assert run("predict", small, "--question", "Who?") == 1
    assert "this is a classification model; give it --text" in capsys.readouterr().err


def test_vocabularies_are_trained_and_adopted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stories: list[list[str]]
) -> None:
    for number, story in enumerate(stories[:40]):
        (tmp_path / f"story{number}.txt").write_text("\n".join(story))
    command = ("vocab", "train", "--input", tmp_path / "story*.txt", "--size", 120)
    assert run(*command, "--cased", "--out", tmp_path / "cased") == 0
    assert "M" in "".join(load_tokenizer(tmp_path / "cased").encode("Mina").pieces)
    assert run("vocab", "train", "--input", tmp_path / "no*.txt", "--out", tmp_path / "out") == 1
    assert "no*.txt names no file" in capsys.readouterr().err

    lines = [line for story in stories for line in story]
    (tmp_path / "released.model").write_bytes(train_officially(lines, vocab_size=120))
    adopt = ("vocab", "adopt", tmp_path / "released.model", "--out")
    assert run(*adopt, tmp_path / "adopted") == 0
    reader = load_tokenizer(tmp_path / "adopted")
    assert reader.encode_ids(["M\u00ecna"]) == reader.encode_ids(["mina"])
    assert run(*adopt, tmp_path / "accents", "--keep-accents") == 0
    keeper = load_tokenizer(tmp_path / "accents")
    assert keeper.encode_ids(["M\u00ecna"]) != keeper.encode_ids(["mina"])
    assert run("vocab", "adopt", tmp_path / "story0.txt", "--out", tmp_path / "out") == 1
    assert "story0.txt is not a SentencePiece model" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["demo", "vocab", "pretrain", "import", "finetune", "export", "evaluate", "predict", "sizes"],
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert f"example:\n  albert-tf {command}" in capsys.readouterr().out


def test_wrong_usage_is_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("finetune", "--task", "poetry") == 2
    assert "invalid choice: 'poetry'" in capsys.readouterr().err
    assert run("evaluate", "model", "--data", "file", "--threads", 0) == 2
    assert "argument --threads: must be at least 1; got 0" in capsys.readouterr().err
    assert run("evaluate", "model", "--data", "file", "--threads", "two") == 2
    assert "argument --threads: invalid whole number value: 'two'" in capsys.readouterr().err


def test_an_error_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", tmp_path / "absent", "--text", "a") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"albert-tf: {tmp_path / 'absent'} is not a model folder.\n"


def test_a_missing_extra_is_named_with_its_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "albert_tf.export.bundle", raising=False)
    monkeypatch.setitem(sys.modules, "litert_quantizer", None)
    monkeypatch.delitem(sys.modules, "albert_tf.export.quantize", raising=False)
    assert run("export", tmp_path, "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err == (
        "albert-tf: this step needs litert_quantizer. Run: pip install 'albert_tf[export]'\n"
    )


def test_a_static_recipe_without_examples_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", tmp_path, "--recipe", "static_wi8_ai8", "--out", tmp_path / "out") == 1
    assert "Give it --calibration, a file of the task." in capsys.readouterr().err


def write_checkpoint(folder: Path, extra: int = 0) -> None:
    tiny_checkpoint(folder)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(chr, range(97, 123 + extra))]
    (folder / "vocab.txt").write_text("\n".join(pieces))


def test_a_vocabulary_of_another_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path / "theirs", extra=1)
    assert run("import", "huggingface", tmp_path / "theirs", "--out", tmp_path / "ours") == 1
    assert "must have the 31 pieces of the model's table; it has 32" in capsys.readouterr().err
    assert not (tmp_path / "ours").exists()


def test_an_import_never_overwrites_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path / "theirs")
    command = ("import", "huggingface", tmp_path / "theirs", "--out", tmp_path / "ours")
    assert run(*command) == 0
    assert "AlbertBackbone" in capsys.readouterr().out
    assert run(*command) == 1
    assert "exists; choose another folder" in capsys.readouterr().err


def test_sizes_are_a_table_and_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sizes", "--json", tmp_path / "sizes.json") == 0
    printed = capsys.readouterr().out
    assert re.search(r"^albert_base +11,683,584 +0\.11 ", printed, re.MULTILINE)
    assert "not fewer FLOPs" in printed
    tables = json.loads((tmp_path / "sizes.json").read_text())
    assert tables["sizes"][0]["parameters"] == 11_683_584
    assert len(tables["albert_base_by_sharing"]) == 16


def test_a_checkpoint_goes_to_another_library_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path / "theirs")
    ours, again = tmp_path / "ours", tmp_path / "again"
    assert run("import", "huggingface", tmp_path / "theirs", "--out", ours) == 0
    assert run("export", ours, "--format", "huggingface", "--out", again) == 0
    before, after = (load_file(folder / "model.safetensors") for folder in (
        tmp_path / "theirs", again
    ))  # fmt: skip
    for name, tensor in before.items():
        np.testing.assert_array_equal(after[name], tensor)
    assert (again / "vocab.txt").read_bytes() == (tmp_path / "theirs" / "vocab.txt").read_bytes()
    assert run("export", ours, "--format", "kerashub", "--out", tmp_path / "preset") == 0
    assert run("import", "kerashub", tmp_path / "preset", "--out", tmp_path / "third") == 0
    capsys.readouterr()
    assert run("export", ours, "--format", "huggingface", "--out", again) == 1
    assert "exists; choose another folder" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.long
def test_a_real_checkpoint_learns_real_sentences(shared_data: Path, tmp_path: Path) -> None:
    checkpoint = shared_data / "checkpoints" / "albert-kor-base"
    assert run("import", "huggingface", checkpoint, "--out", tmp_path / "kor") == 0
    assert run(
        "finetune", "--task", "classification", "--model", tmp_path / "kor",
        "--train", shared_data / "nsmc" / "ratings_train.txt",
        "--validation", shared_data / "nsmc" / "ratings_test.txt",
        "--text-column", "document", "--label-column", "label", "--sequence-length", 64,
        "--limit", 1200, "--validation-limit", 64, "--epochs", 1, "--batch-size", 16,
        "--learning-rate", 5e-5, "--out", tmp_path / "nsmc",
    ) == 0  # fmt: skip
    for recipe in ("float32", "dynamic_wi8_afp32"):
        export = ["export", tmp_path / "nsmc", "--recipe", recipe, "--accept-drop", 100]
        assert run(*export, "--out", tmp_path / recipe) == 0
    accuracy = {}
    for name in ("float32", "dynamic_wi8_afp32"):
        path = tmp_path / f"{name}.json"
        assert run(
            "evaluate", tmp_path / name, "--task", "classification",
            "--data", shared_data / "nsmc" / "ratings_test.txt", "--limit", 300, "--json", path,
        ) == 0  # fmt: skip
        accuracy[name] = json.loads(path.read_text())["accuracy"]
    # 1,200 sentences teach less than the README's 10,000; chance is 50, 5 sigma above it 64.4.
    assert accuracy["float32"] >= 65
    assert accuracy["dynamic_wi8_afp32"] == pytest.approx(accuracy["float32"], abs=3)


@pytest.mark.parametrize(
    ("command", "defaults"), [("pretrain", PretrainingOptions()), ("finetune", FinetuningOptions())]
)
def test_the_help_states_the_true_defaults(
    command: str, defaults: object, capsys: pytest.CaptureFixture[str]
) -> None:
    run(command, "--help")
    text = " ".join(capsys.readouterr().out.split())
    stated = dict(re.findall(r"--([a-z-]+) (?:(?!--)[^()])+ \(default ([^),]+)", text))
    for name, value in asdict(defaults).items():  # type: ignore[call-overload]
        if name != "warmup_share" and value is not None and value is not False:
            assert stated[name.replace("_", "-")] == str(value)


@pytest.mark.parametrize(("target", "code"), [("| true", 1), ("> /dev/full", 1), ("| cat", 0)])
def test_output_that_nobody_takes_ends_without_a_trace(target: str, code: int) -> None:
    command = f"{sys.executable} -m albert_tf tasks {target}; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    # A reader may end before the output does, or just after.
    assert int(ended.stdout.split()[-1]) in ({code, 0} if target == "| true" else {code})
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert ("No space left" in ended.stderr) == (target == "> /dev/full")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_step_needs_nobody_who_reads_what_it_says(tmp_path: Path, closed: str) -> None:
    done, bad = tmp_path / "done", f"{sys.executable} -m albert_tf predict absent --text so"
    command = f"{sys.executable} -m albert_tf tasks {closed} && touch {done}; {bad} {closed}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.exists()
    assert ended.returncode == 1
    assert "absent" not in ended.stdout
    assert "Traceback" not in ended.stderr


def test_the_choices_of_the_help_are_those_of_the_steps() -> None:
    parser = arguments.build_parser()
    taken = ["pretrain", "--examples", "a", "--out", "b"]
    for option, names in (("--distribute", STRATEGIES), ("--optimizer", OPTIMIZERS)):
        for name in names:
            assert getattr(parser.parse_args([*taken, option, name]), option[2:]) == name
    assert set(exporting._FORMATS) == {"litert", *CHECKPOINT_FORMATS}
    parsed = arguments.build_parser().parse_args(["export", "a", "--out", "b"])
    assert options.given_options(Form(), parsed) == Form()
    for option, values in (("--encoder", ENCODERS), ("--head", PRETRAINED_HEADS)):
        for value in values:
            arguments.build_parser().parse_args(["export", "a", "--out", "b", option, value])
    assert set(arguments._IMPORT_FORMATS) == FORMATS.keys()
    assert arguments._ONE_ROW_TASKS == ONE_ROW_TASKS


def test_a_recipe_that_is_not_there_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ("finetune", "--model", "a", "--train", "b", "--validation", "c", "--out", "d")
    assert run(*command, "--task", "classification", "--recipe", "mine") == 2
    assert "choose from paper, paper-v2, plain" in capsys.readouterr().err.replace("'", "")
    assert run(*command, "--task", "classification", "--recipe", "paper") == 1
    assert "recipe 'paper' is for the tasks cola, " in capsys.readouterr().err
    assert run(*command, "--task", "classification", "--steps", 3, "--epochs", 2) == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_options_given_by_hand_override_a_recipe() -> None:
    parser = arguments.build_parser()
    taken = [
        "finetune",
        "--task",
        "classification",
        "--model",
        "a",
        "--train",
        "b",
        "--validation",
        "c",
        "--out",
        "d",
    ]
    given_by_hand = given(
        FinetuningOptions,
        parser.parse_args([*taken, "--dropout", "0", "--steps", "9", "--new-head", "--lora", "4"]),
    )
    assert given_by_hand == {"dropout": 0.0, "steps": 9, "new_head": True, "lora": 4}
    options = read_recipe("rte").options(given_by_hand)
    assert (options.dropout, options.steps, options.learning_rate) == (0.0, 9, 3e-5)


@pytest.mark.slow
def test_several_seeds_are_trained_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tokenizer: Tokenizer
) -> None:
    pretrained = write_pretrained(tmp_path / "pretrained", tokenizer)
    table = tmp_path / "names.jsonl"
    rows = [{"text": example.text, "label": example.label} for example in VALIDATION]
    table.write_text("\n".join(json.dumps(row) for row in rows))
    out = tmp_path / "out"
    command = (
        "finetune", "--task", "classification", "--model", pretrained, "--train", table,
        "--validation", table, "--sequence-length", 16, "--batch-size", 4, "--steps", 2,
        "--patience", 1, "--layer-decay", 0.5, "--seeds", 2, "--out", out,
    )  # fmt: skip
    assert run(*command) == 0
    printed = capsys.readouterr().out
    seeds = json.loads((out / "seeds.json").read_text())
    assert list(seeds["scores"]) == ["0", "1"]
    assert f"mean accuracy       {seeds['mean']:,.4g}\n" in printed
    assert re.search(r"^seed +step +accuracy +examples\n0 +\d+ +[\d.]+ +4\n1 ", printed, re.M)
    card = (out / "seed-1" / "README.md").read_text()
    assert "| training | names.jsonl | 4 |" in card
    assert str(tmp_path) not in card
    assert run(*command) == 1
    assert "holds a finished model" in capsys.readouterr().err
