"""Programs of others that open our files, each in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers import peers_python

_PROGRAMS = Path(__file__).with_name("client_programs.py")

# Name of an environment to what is installed in it.
ENVIRONMENTS = {
    # Its wheel wants libusb, for accelerators; the other package brings that.
    "task_library": ["tflite-support==0.4.4", "numpy<2", "libusb-package==1.0.30.0"],
    "mediapipe": ["mediapipe==1.2.3"],
    # The Interpreter line, of which 1.4.2 for Android is the last.
    "litert_1_4": ["ai-edge-litert==1.4.0"],
    # What TensorFlow Lite 2.16.1 for Android is made of.
    "tensorflow_2_16": ["tensorflow-cpu==2.16.1"],
    "tflite_runtime": ["tflite-runtime==2.14.0", "numpy<2"],
}

# The environment of the tests, where what a client does must not end them.
HERE = "here"


class ClientError(Exception):
    """The client ended with an error; the message is what it wrote to stderr."""


def ask(client: str, program: str, model: Path, questions: list[Any]) -> list[Any]:
    """What a client answers; the test is skipped where its environment cannot be made.

    Args:
        client: One of `ENVIRONMENTS`, or `HERE`.
        program: A function of `client_programs`.
        model: A `.tflite` file.
        questions: As that function takes them.

    Raises:
        ClientError: the client does not answer.
    """
    command = [_python(client), _PROGRAMS, program, model]
    result = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True)
    if result.returncode != 0:
        raise ClientError(result.stderr)
    # The libraries write to stdout too.
    answers: list[Any] = json.loads(result.stdout.splitlines()[-1])
    return answers


def _python(client: str) -> Path:
    if client == HERE:
        return Path(sys.executable)
    try:
        return peers_python(client, ENVIRONMENTS[client])
    except OSError as error:
        pytest.skip(str(error))
