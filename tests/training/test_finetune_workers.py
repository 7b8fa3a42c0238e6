"""Two workers fine-tune as one device does, agree on the best save, and one of them writes."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.models.saved import load_task_model
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.finetune import finetune
from tests.training.names import OPTIONS, TASK, TRAINING, VALIDATION, write_pretrained

ROOT = Path(__file__).parents[2]
# Every device draws its own dropout, so only without it are runs equal.
EQUAL = replace(OPTIONS, dropout=0.0, head_dropout=0.0, learning_rate=0.01, patience=3)
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from albert_tf.training.finetune import finetune
from tests.training.names import TASK, TRAINING, VALIDATION
from tests.training.test_finetune_workers import EQUAL
options = replace(EQUAL, distribute="multi_worker")
finetune(TASK, Path(sys.argv[1]), TRAINING, VALIDATION, options, Path(sys.argv[2]))
"""


def start(index: int, ports: list[int], pretrained: Path, out: Path) -> subprocess.Popen[str]:
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(pretrained), str(out)], cwd=ROOT, text=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_CONFIG": config},
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        return int(taken.getsockname()[1])


@pytest.mark.slow
def test_two_workers_save_the_model_that_one_device_does(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    pretrained = write_pretrained(tmp_path / "pretrained", tokenizer)
    log = finetune(TASK, pretrained, TRAINING, VALIDATION, EQUAL, tmp_path / "one")
    ports = [free_port(), free_port()]
    running = [start(index, ports, pretrained, tmp_path / "two") for index in range(2)]
    for process in running:
        errors = process.communicate(timeout=300)[1]
        assert process.returncode == 0, errors[-2000:]
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["val_accuracy_score"] for line in lines] == [
        entry["val_accuracy_score"] for entry in log
    ]
    one, two = (
        load_task_model(tmp_path / name, "classification").get_weights() for name in ("one", "two")
    )
    for first, second in zip(one, two, strict=True):
        # float32 sums in another order, which the optimizer scales up; a step is up to 0.01.
        np.testing.assert_allclose(first, second, atol=5e-4)
