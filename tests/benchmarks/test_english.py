"""The program that pretrains the English model goes on where it was killed."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from albert_tf.models.saved import load_model
from albert_tf.text.tokenizer import Tokenizer
from tests.story_shards import write_stories

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "english.py"
SIZES = {
    "embedding_size": 8, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 32, "type_vocab_size": 2,
    "hidden_act": "gelu",
}  # fmt: skip


def start(folder: Path, out: str, *more: str) -> subprocess.Popen[bytes]:
    options = {"config": folder / "config.json", "out": folder / out, "epochs": 3, "makers": 1}
    options |= {"steps-per-epoch": 2, "batch-size": 8, "sequence-length": 32, "verbose": 0}
    options |= {"warmup-steps": 1}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    command = [sys.executable, str(SCRIPT), str(folder / "train"), str(folder / "held-out")]
    return subprocess.Popen([*command, *words, *more], stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    errors = process.communicate()[1].decode()
    return process.returncode, errors


def result(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text())
    for entry in content["epochs"]:
        del entry["tokens_per_second"], entry["model_tflops_per_second"]
    return content


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_scores(
    stories: list[list[str]], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    for name, documents in (("train", stories[:40]), ("held-out", stories[40:60])):
        write_stories(documents, tokenizer, tmp_path / name)
    config = {**SIZES, "vocab_size": tokenizer.vocab_size}
    (tmp_path / "config.json").write_text(json.dumps(config))
    whole, killed = start(tmp_path, "whole"), start(tmp_path, "killed")
    while killed.poll() is None and not (tmp_path / "killed" / "state.weights.h5").exists():
        time.sleep(0.05)
    killed.kill()
    assert finished(killed)[0] == -9
    before = len(result(tmp_path / "killed" / "english.json")["epochs"])
    assert finished(whole)[0] == 0
    code, errors = finished(start(tmp_path, "killed"))
    assert code == 0, errors
    expected, found = (result(tmp_path / name / "english.json") for name in ("whole", "killed"))
    assert 1 <= before < 3 == len(found["epochs"])
    assert found == expected
    assert len({entry["loss"] for entry in found["epochs"]}) == 3  # the control
    assert load_model(tmp_path / "killed").sentence_objective == "sop"
    code, errors = finished(start(tmp_path, "killed"))
    assert code == 1
    assert "holds a finished model" in errors
