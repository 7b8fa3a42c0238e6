"""Starts the `main` functions of the Kotlin sources, tests included, from Python.

android_demo/offline  ->  [jvm.run_main]  ->  what the main prints

    python -m tests.android.jvm pipeline org.alberttf.pipeline.text.TokenizerSpeedKt FOLDER FILE
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

OFFLINE = Path(__file__).parents[2] / "android_demo" / "offline"
_UTF_8 = ("-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8")
_CLASS_PATH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"


class JvmFailure(RuntimeError):
    """A build or a program on the JVM ended with an error; the message holds its output."""


def run_main(main_class: str, *args: str | Path, module: str = "pipeline") -> str:
    """Runs one `main` of a module on a JVM of its own, after building the module if need be.

    Args:
        main_class: As the JVM names it, such as "org.alberttf.pipeline.text.CompareKt".
        args: What the main is given.
        module: A folder of `android_demo/offline`.

    Returns:
        What the main printed to stdout.

    Raises:
        FileNotFoundError: Maven or Java is not installed.
        JvmFailure: the build or the main failed.
    """
    target = OFFLINE / module / "target"
    folders = [target / "test-classes", target / "classes"]
    path = os.pathsep.join([*map(str, folders), _build(module)])
    return _run([_program("java"), *_UTF_8, "-cp", path, main_class, *args])


@functools.cache
def _build(module: str) -> str:
    """Compiles the module and its tests, once per process; returns its libraries."""
    output = OFFLINE / module / "target" / "libraries.txt"
    goals = ["test-compile", _CLASS_PATH, f"-Dmdep.outputFile={output}"]
    _run([_program("mvn"), "-q", "-B", "-f", OFFLINE, "-pl", module, "-am", *goals])
    return output.read_text(encoding="utf-8").strip()


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not on the PATH; install Maven and a JDK 17 or newer.")
    return path


def _run(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        text = f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
        raise JvmFailure(text + done.stdout + done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(run_main(*sys.argv[2:], module=sys.argv[1]))
