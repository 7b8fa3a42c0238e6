"""What a device installs answers, and is all that it needs."""

import json
import subprocess
import venv
from dataclasses import asdict
from pathlib import Path

import pytest

from albert_tf import runtime

ROOT = Path(__file__).parents[2]
PROGRAM = """
import dataclasses, importlib.util, json, sys
absent = [name for name in ("tensorflow", "keras") if importlib.util.find_spec(name) is None]
import albert_tf
(answer,) = albert_tf.runtime.load(sys.argv[1]).classify([sys.argv[2]])
print(json.dumps([absent, albert_tf.__file__, dataclasses.asdict(answer)]))
"""


@pytest.mark.slow
def test_the_edge_extra_answers_in_an_environment_of_its_own(exports: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    wanted = ["--constraint", ROOT / "constraints.txt", f"{ROOT}[edge]"]
    made = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True
    )
    if "No matching distribution" in made.stderr or "connection" in made.stderr:
        pytest.skip(made.stderr)
    assert made.returncode == 0, made.stderr
    command = [python, "-I", "-c", PROGRAM, exports / "classifier", "Mina found a lamp."]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    absent, place, answer = json.loads(found.stdout)
    assert absent == ["tensorflow", "keras"]
    assert Path(place).is_relative_to(tmp_path)
    (expected,) = runtime.load(exports / "classifier").classify(["Mina found a lamp."])
    assert answer == asdict(expected)
