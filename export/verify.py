"""The gate every export passes: the float file must answer as Keras does.

convert  ->  [verify.verify]  ->  bundle

Shape letters: T tokens.
"""

from __future__ import annotations

import keras
import numpy as np

from albert_tf.examples.packing import Ints
from albert_tf.runtime.engine import Engine

# Both compute in float32 with sums in another order; albert_base differs by 4e-6 to 1e-5.
TOLERANCE = 1e-4


class ParityError(ValueError):
    """The converted file does not answer as the Keras model does."""


def verify(
    model: keras.Model, converted: bytes, lengths: tuple[int, ...], *, seed: int = 0
) -> float:
    """Compares every output of both on random inputs, padded and not.

    Args:
        model: The Keras model the file was made from.
        converted: The float LiteRT file.
        lengths: Values of T to try.
        seed: Source of the random inputs.

    Returns:
        The largest absolute difference of any output.

    Raises:
        ParityError: it exceeds `TOLERANCE`, or an output is not finite.
    """
    engine = Engine(converted)
    rng = np.random.default_rng(seed)
    worst = 0.0
    for length in lengths:
        for batch in _inputs(length, model.backbone.config.vocab_size, rng):
            expected = model.score_inputs(batch)
            for name, output in engine.run(batch).items():
                worst = max(worst, _difference(name, output, np.asarray(expected[name])))
    if worst > TOLERANCE:
        raise ParityError(
            f"the LiteRT file must answer as Keras within {TOLERANCE}; it differs by {worst:.2e}."
        )
    return worst


def _difference(name: str, output: np.ndarray, expected: np.ndarray) -> float:
    if not (np.isfinite(output).all() and np.isfinite(expected).all()):
        raise ParityError(f"output {name} must be finite; it is not.")
    return float(np.abs(output - expected).max())


def _inputs(length: int, vocab_size: int, rng: np.random.Generator) -> list[dict[str, Ints]]:
    """One full sequence of two segments, and the same with its second half padded."""
    token_ids = rng.integers(0, vocab_size, (1, length)).astype(np.int32)
    segment_ids = (np.arange(length)[None] >= length // 2).astype(np.int32)
    return [
        {"token_ids": token_ids, "segment_ids": segment_ids, "padding_mask": padding_mask}
        for padding_mask in (np.ones_like(segment_ids), 1 - segment_ids)
    ]
