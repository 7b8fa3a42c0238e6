"""A library that is missing is named with the extra that brings it."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import zstandard

from albert_tf import cli


def test_every_library_of_an_extra_is_known_by_the_smallest_that_brings_it() -> None:
    smallest: dict[str, str] = {}
    for requirement in metadata.requires("albert_tf") or []:
        name = re.match(r"[\w-]+", requirement)[0]
        extra = re.search(r'extra == "(\w+)"|$', requirement)[1]
        if extra in cli._EXTRAS and name != "ai-edge-litert":  # runtime.engine names its own
            smallest.setdefault(name, extra)
    distributions = metadata.packages_distributions()
    known = {
        distributions[module][0].replace("_", "-"): extra
        for extra, modules in cli._EXTRAS.items()
        for module in modules
    }
    assert known == smallest


@pytest.mark.parametrize(
    ("missing", "name", "message"),
    [
        ("zstandard", "a.txt.zst", r"\S+/a\.txt\.zst needs zstandard\. Run: {cure}"),
        ("sentencex", "a.txt", r"this step needs sentencex\. Run: {cure}"),
    ],
)
def test_examples_without_a_library_name_their_extra(
    tmp_path: Path,
    vocabulary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
    name: str,
    message: str,
) -> None:
    (tmp_path / "a.txt").write_text("Mina was here.")
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(b"Mina was here."))
    monkeypatch.setitem(sys.modules, missing, None)
    command = ("examples", "--corpus", tmp_path / name, "--vocab", vocabulary, "--workers", 1)
    assert cli.main([str(part) for part in (*command, "--out", tmp_path / "out")]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    cure = re.escape("pip install 'albert_tf[examples]'")
    assert re.fullmatch(f"albert-tf: {message.format(cure=cure)}", error)


def test_a_module_of_no_extra_is_no_case_for_pip() -> None:
    error = ModuleNotFoundError("No module named 'later'", name="later")
    assert cli._explain(error, "examples") == "No module named 'later'"


@pytest.mark.parametrize(
    ("command", "extra"),
    [("export a --out b", "export"), ("pretrain --examples a --out b", "train")],
)
def test_a_step_without_keras_names_the_extra_that_brings_all_it_needs(
    command: str, extra: str
) -> None:
    code = (
        "import sys; sys.modules['keras'] = sys.modules['tensorflow'] = None\n"
        "from albert_tf.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *command.split()], capture_output=True, check=False
    )
    assert result.returncode == 1
    error = result.stderr.decode()
    cure = re.escape(f"pip install 'albert_tf[{extra}]'")
    assert re.fullmatch(rf"albert-tf: this step needs (keras|tensorflow)\. Run: {cure}\n", error)
