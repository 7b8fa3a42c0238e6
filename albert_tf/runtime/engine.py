"""Runs one `.tflite` file: named arrays in, named arrays out.

runtime.model  ->  [engine.Engine]  ->  LiteRT

Shape letters: B inputs of one call.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from albert_tf.examples.packing import Ints
from albert_tf.runtime.contract import TensorRecord
from albert_tf.tasks.task import Floats

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError as error:
    raise ImportError("LiteRT is not installed. Run: pip install 'albert_tf[edge]'") from error


class Engine:
    """Owns an interpreter and binds its tensors by the names of the signature.

    Threads may share it; they wait for each other, for an interpreter has one set of tensors.

    Args:
        model: Path of a `.tflite` file, or its bytes.
        signature: Entry of the file.
        num_threads: CPU threads of one answer.

    Raises:
        ValueError: not a LiteRT model, no such signature, or less than one thread.
    """

    def __init__(
        self, model: Path | bytes, signature: str = "serving_default", num_threads: int = 2
    ) -> None:
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1; got {num_threads}.")
        source: dict[str, Any] = (
            {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        )
        try:
            # It delegates to XNNPACK by itself.
            self._interpreter = Interpreter(**source, num_threads=num_threads)
            self._runner = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"the file is not a usable LiteRT model: {error}") from error
        self._lock = threading.Lock()
        self._said = ""  # the last error
        self.inputs = _records(self._runner.get_input_details())
        self.outputs = _records(self._runner.get_output_details())

    def run(self, batch: Mapping[str, Ints | Floats]) -> dict[str, Floats]:
        """Answers B inputs of any length, or of at most the length that the file is made for.

        Where the file has fixed sizes, inputs are padded with zeros to them. Padded rows are
        left out of the answer, padded tokens are not.

        Args:
            batch: Under each input name, with B rows, of its type: int32 in what `export` writes.

        Raises:
            ValueError: the names are not those of the signature, an input is larger than the
                file takes, or LiteRT refuses it.
        """
        if batch.keys() != self.inputs.keys():
            raise ValueError(f"inputs must be {sorted(self.inputs)}; got {sorted(batch)}.")
        rows = len(next(iter(batch.values())))
        padded = {name: _padded(name, batch[name], self.inputs[name].shape) for name in batch}
        with self._lock:
            try:
                outputs = self._runner(**padded)
            except (ValueError, RuntimeError) as error:
                shapes = {name: value.shape for name, value in padded.items()}
                # LiteRT may say again what it said of calls before.
                before, self._said = self._said, str(error)
                reason = self._said.removeprefix(before) or self._said
                raise ValueError(f"LiteRT does not answer inputs of {shapes}: {reason}") from error
            return {name: value[:rows] for name, value in outputs.items()}


def _records(details: dict[str, Any]) -> dict[str, TensorRecord]:
    """Names to dtypes and shapes, in the order of the names."""
    return {
        name: TensorRecord(
            np.dtype(tensor["dtype"]).name,
            tuple(int(size) if size >= 0 else None for size in tensor["shape_signature"]),
        )
        for name, tensor in sorted(details.items())
    }


def _padded(name: str, value: Ints | Floats, shape: tuple[int | None, ...]) -> Ints | Floats:
    if value.ndim != len(shape):
        raise ValueError(f"{name} must have {len(shape)} sizes; got {list(value.shape)}.")
    wanted = tuple(
        given if size is None else size for given, size in zip(value.shape, shape, strict=True)
    )
    if any(given > size for given, size in zip(value.shape, wanted, strict=True)):
        raise ValueError(f"{name} must be at most {list(wanted)}; got {list(value.shape)}.")
    if value.shape == wanted:
        return value
    padded = np.zeros(wanted, value.dtype)
    padded[tuple(map(slice, value.shape))] = value
    return padded
