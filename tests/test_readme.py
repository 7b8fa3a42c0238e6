"""What the README shows is what the program takes and prints."""

import re
import shlex
from pathlib import Path

import pytest

from albert_tf.cli import main
from albert_tf.cli.arguments import build_parser
from albert_tf.training.recipe import published_tasks, read_recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "benchmarks/README.md", "docs/beam.md")
COMMANDS = [
    line
    for page in PAGES
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
    if line.startswith("albert-tf ")
]


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


def headings(page: Path) -> set[str]:
    """What a link to one of its headings says after the #."""
    return {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }


def test_every_link_leads_somewhere() -> None:
    """Of the pages to files of the project, and to headings of pages."""
    for page in (*PAGES, "android_demo/README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
            path, _, heading = link.partition("#")
            if not link.startswith("https://"):
                target = (ROOT / page).parent / path if path else ROOT / page
                assert target.exists(), (page, link)
                assert not heading or heading in headings(target), (page, link)


def test_the_published_scores_are_those_of_the_recipes() -> None:
    heading = next(line for line in README.splitlines() if line.startswith("| task | score |"))
    sizes = [cell.strip() for cell in heading.split("|")[3:-1]]
    _, _, below = README.partition(heading)
    rows = [line for line in below.split("\n\n")[0].splitlines() if line.startswith("| ")][1:]
    shown = {}
    for row in rows:
        task, _, *cells = (cell.strip() for cell in row.split("|")[1:-1])
        shown[task] = dict(zip(sizes, cells, strict=True))
    assert set(shown) == {task for task in published_tasks() if read_recipe(task).scores}
    for task, cells in shown.items():
        recipes = [read_recipe(task, name) for name in ("paper", "paper-v2")]
        for size, cell in cells.items():
            published = [str(recipe.scores[size]) for recipe in recipes if size in recipe.scores]
            assert cell == " / ".join(published), (task, size)
