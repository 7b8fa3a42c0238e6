"""What the README shows is what the program takes and prints."""

import shlex
from pathlib import Path

import pytest

from albert_tf.cli import main
from albert_tf.cli.arguments import build_parser

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for line in README.splitlines() if line.startswith("albert-tf ")]


def test_the_help_is_printed_by_the_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    main(["--help"])
    assert f"```\n{capsys.readouterr().out}```" in README


def test_the_table_of_sizes_is_printed_by_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    main(["sizes"])
    assert f"```\n{capsys.readouterr().out.split(chr(10) * 2)[0]}\n```" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_is_understood(command: str) -> None:
    assert callable(build_parser().parse_args(shlex.split(command)[1:]).command)


def test_the_readme_shows_every_step() -> None:
    steps = {command.split()[1] for command in COMMANDS}
    assert steps >= {"vocab", "pretrain", "import", "finetune", "export", "evaluate", "predict"}
