"""`albert-tf examples` makes shards, says what it found, and stops cleanly."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from albert_tf.cli import main
from albert_tf.examples.shards import TokenShards
from albert_tf.training import static_records
from albert_tf.training.static_examples import StaticFolder


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_corpus_of_several_kinds_becomes_shards(
    tmp_path: Path, vocabulary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("Mina was here. Ravi left.\n\nHe slept.\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"body": "She slept."}))
    command = (
        "examples", "--corpus", tmp_path / "*.txt", tmp_path / "*.jsonl", "--field", "body",
        "--vocab", vocabulary, "--out", tmp_path / "out", "--workers", 1,
    )  # fmt: skip
    assert run(*command) == 0
    shown = capsys.readouterr()
    table = dict(line.rsplit("  ", 1) for line in shown.out.splitlines())
    table = {name.strip(): value for name, value in table.items()}
    assert (table["files"], table["documents"], table["sentences"]) == ("2", "3", "4")
    assert "encoding: 100%" in shown.err
    assert TokenShards(tmp_path / "out").shards[0].counts["sentences"] == 4
    assert run(*command) == 1
    assert "out holds finished examples; choose another folder" in capsys.readouterr().err


def test_bad_input_is_one_line_and_an_exit_code(
    tmp_path: Path, vocabulary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Mina was here."}\n{"body": "She slept."}\n')
    (tmp_path / "b.txt").write_bytes(b"\x89PNG\0\0")
    for corpus, options, message in (
        ("no*.txt", (), "no*.txt names no file"),
        ("a.jsonl", (), "a.jsonl line 2 has no field 'text'; it holds ['body']"),
        ("b.txt", (), "b.txt must be UTF-8 text; it holds NUL bytes"),
        ("a.jsonl", ("--language", "English"), "language must be a code such as en or ko"),
    ):
        out = tmp_path / f"out-{corpus}-{len(options)}".replace("*", "")
        command = ("examples", "--corpus", tmp_path / corpus, "--vocab", vocabulary, "--out", out)
        assert run(*command, "--workers", 1, *options) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("albert-tf: ")
        assert message in error


def test_bytes_that_are_not_utf8_do_not_stop_a_vocabulary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_bytes(b"Mina was here \xff and there.\n" * 9)
    out = tmp_path / "out"
    assert run("vocab", "train", "--input", tmp_path / "a.txt", "--size", 50, "--out", out) == 0
    assert "bytes that are not UTF-8: 9 replaced" in capsys.readouterr().err


def test_a_key_stops_all_processes_without_a_trace(tmp_path: Path, vocabulary: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Mina was here. Ravi left the garden!\n\n" * 1_000_000)
    command = [
        sys.executable, "-m", "albert_tf", "examples", "--corpus", str(text), "--vocab",
        str(vocabulary), "--out", str(tmp_path / "out"), "--workers", "2",
    ]  # fmt: skip
    # What a shell starts in the background ignores the key, and so does what that starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        while not (tmp_path / "out" / "spiece.model").exists():
            time.sleep(0.001)
        time.sleep(0.2)  # workers are starting
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=20)[1].decode()
    signal.signal(signal.SIGINT, before)
    assert process.returncode == 130
    assert "albert-tf: stopped; repeat the command to continue." in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_static_examples_are_written_and_trained_on(
    tmp_path: Path, vocabulary: Path, stories: list[list[str]]
) -> None:
    (tmp_path / "a.txt").write_text("\n\n".join("\n".join(story) for story in stories[:9]))
    out = tmp_path / "static"
    command = (
        "examples", "--corpus", tmp_path / "a.txt", "--vocab", vocabulary, "--out", out,
        "--static", "--sequence-length", 32, "--copies", 2, "--workers", 1,
    )  # fmt: skip
    assert run(*command) == 0
    assert run(*command) == 1  # it is finished
    other = tmp_path / "other"  # the same files, as other code would leave them
    other.mkdir()
    for file in out.glob("*.tfrecord"):
        (other / file.name).write_bytes(file.read_bytes())
    adopt = ("examples", "--static", "--corpus", other / "*.tfrecord", "--vocab", vocabulary)
    assert run(*adopt, "--out", tmp_path) == 1
    assert run(*adopt, "--out", other) == 0
    assert StaticFolder(other).manifest == StaticFolder(out).manifest
    assert run(
        "pretrain", "--examples", out, "--size", "demo", "--sequence-length", 32, "--steps", 2,
        "--batch-size", 4, "--out", tmp_path / "model",
    ) == 0  # fmt: skip
    assert (tmp_path / "model" / "model.weights.h5").exists()


def test_static_examples_go_on_after_a_stop_from_the_same_corpus_alone(
    tmp_path: Path, vocabulary: Path, stories: list[list[str]], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    first, other = tmp_path / "a.txt", tmp_path / "b.txt"
    texts = ["\n\n".join("\n".join(story) for story in part) for part in (stories[:9], stories[9:])]
    first.write_text(texts[0])
    other.write_text(texts[1])
    out = tmp_path / "static"

    def command(corpus: Path, *options: object, to: Path = out) -> int:
        return run(
            "examples", "--corpus", corpus, "--vocab", vocabulary, "--out", to, "--static",
            "--sequence-length", 32, "--workers", 1, "--copies", 2, *options,
        )  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(static_records, "_write_manifest", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            command(first)
    stopped = (out / "00000.tfrecord").read_bytes()
    for corpus, options, message in (
        (other, (), "shards was begun with other files"),
        (first, ("--sentences", "lines"), "shards was begun with other sentences"),
    ):
        assert command(corpus, *options) == 1
        assert message in capsys.readouterr().err
    first.write_text(texts[0].swapcase())
    assert command(first) == 1
    assert "the corpus changed since" in capsys.readouterr().err
    first.write_text(texts[0])
    assert command(first) == 0
    assert "documents                   9" in capsys.readouterr().out
    assert (out / "00000.tfrecord").read_bytes() == stopped
    assert command(first, to=tmp_path / "straight") == 0
    assert (tmp_path / "straight" / "00000.tfrecord").read_bytes() == stopped


def test_beam_makes_the_shards_if_a_runner_is_named(
    tmp_path: Path, vocabulary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("Mina was here. Ravi left.\n\nHe slept.\n")
    command = (
        "examples", "--corpus", tmp_path / "*.txt", "--vocab", vocabulary, "--out",
        tmp_path / "out", "--runner", "DirectRunner", "--", "--direct_num_workers=2",
        "--direct_running_mode=multi_threading",
    )  # fmt: skip
    assert run(*command) == 0
    assert "sentences                   3" in capsys.readouterr().out
    assert TokenShards(tmp_path / "out").manifest["settings"]["engine"] == "beam"
    assert run(*command) == 1
    assert "out holds finished examples; choose another folder" in capsys.readouterr().err


def test_a_missing_beam_is_named_with_its_cure(
    tmp_path: Path, vocabulary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import sys; sys.modules['apache_beam'] = None\n"
        "from albert_tf.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "a.txt").write_text("Mina was here.")
    options = (
        "--corpus", tmp_path / "a.txt", "--vocab", vocabulary, "--out", tmp_path / "out",
        "--runner", "DirectRunner",
    )  # fmt: skip
    command = [sys.executable, "-c", code, "examples", *map(str, options)]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == [
        "albert-tf: this step needs apache_beam. Run: pip install 'albert_tf[beam]'"
    ]


def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, vocabulary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("Mina was here.")
    beam = ("--runner", "DirectRunner")
    for out, options, message in (
        ("out", ("--", "--direct_num_workers=2"), "--direct_num_workers=2 is for Beam; name its"),
        ("out", ("--workers", 2, *beam), "--workers is not for Beam; give its own flag after --"),
        ("gs://a/b", (), "--out must be a folder of this machine for examples made without"),
        ("gs://a/b", ("--static", *beam), "folder of this machine for static examples"),
    ):
        folder = out if "://" in out else tmp_path / out
        command = ("examples", "--corpus", tmp_path / "a.txt", "--vocab", vocabulary)
        assert run(*command, "--out", folder, *options) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--copies", "3"], "--copies is for --static; token shards leave that to training"),
        (["--gzip"], "--gzip is for --static"),
        (["--corpus", "a.tfrecord", "--static", "--seed", "1"], "--seed is for records that are"),
        (["--corpus", "a.tfrecord", "--static", "--field", "a"], "--field is for records that are"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    command = ("examples", "--corpus", "a.txt", "--vocab", tmp_path, "--out", tmp_path / "out")
    assert run(*command, *options) == 1
    assert words in capsys.readouterr().err
