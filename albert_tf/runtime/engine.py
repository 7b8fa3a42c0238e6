"""Runs one `.tflite` file: named arrays in, named arrays out.

runtime.model  ->  [engine.Engine]  ->  LiteRT

Shape letters: T tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from albert_tf.examples.packing import Ints
from albert_tf.tasks.task import Floats

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # its predecessor, the last to run on Python 3.11 with NumPy 1
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError as error:
        raise ImportError("LiteRT is not installed. Run: pip install 'albert_tf[edge]'") from error


class Engine:
    """Owns an interpreter and binds its tensors by the names of the signature.

    Args:
        model: Path of a `.tflite` file, or its bytes.
        signature: Entry of the file.
        threads: CPU threads.

    Raises:
        ValueError: not a LiteRT model, or no such signature.
    """

    def __init__(
        self, model: Path | bytes, signature: str = "serving_default", threads: int = 2
    ) -> None:
        source: dict[str, Any] = (
            {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        )
        try:
            self._interpreter = Interpreter(**source, num_threads=threads)
            self._runner = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"the file is not a usable LiteRT model: {error}") from error
        self.input_names = sorted(self._runner.get_input_details())
        self.output_names = sorted(self._runner.get_output_details())

    def run(self, batch: dict[str, Ints]) -> dict[str, Floats]:
        """Answers one input of any length.

        Args:
            batch: int32 [1, T] under each input name.

        Raises:
            ValueError: the names are not those of the signature.
        """
        if sorted(batch) != self.input_names:
            raise ValueError(f"inputs must be {self.input_names}; got {sorted(batch)}.")
        outputs = self._runner(**batch)
        # Copied: LiteRT reuses the memory of its outputs at the next call.
        return {name: np.array(value) for name, value in outputs.items()}
