"""The gate every export passes: the float file must answer as Keras does.

convert  ->  [verify.verify]  ->  bundle

Shape letters: B inputs of one call, T tokens, M gaps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from albert_tf.config import AlbertConfig
from albert_tf.examples.packing import Ints
from albert_tf.export.heads import PROBABILITIES
from albert_tf.runtime.engine import Engine

# Both compute in float32 with sums in another order; albert_base differs by 4e-6 to 1e-5.
TOLERANCE = 1e-4
# A file whose layers read less of their means rounds other sums; that of a trained
# albert_base differs by 3e-4.
CENTERED_TOLERANCE = 1e-2
_LEAST = 1e-30  # probability; smaller ones are near what float32 can hold


class ParityError(ValueError):
    """The converted file does not answer as the Keras model does."""


def verify(
    model: Any,
    converted: bytes,
    lengths: tuple[int, ...],
    *,
    tolerance: float = TOLERANCE,
) -> float:
    """Compares every output of both on random inputs, padded and not.

    Args:
        model: What the file was made from; see `signature.build_signature`.
        converted: The float LiteRT file.
        lengths: Values of T to try; at most the file's where that is fixed.
        tolerance: The largest difference that is accepted.

    Returns:
        The largest absolute difference of any output, and of the logarithm of probabilities.

    Raises:
        ParityError: it exceeds the tolerance, or an output is not finite.
    """
    engine = Engine(converted)
    rng = np.random.default_rng(0)
    worst = 0.0
    rows = engine.inputs["token_ids"].shape[0] or 1
    for length in lengths:
        for batch in random_inputs((rows, length), model.backbone.config, rng):
            if "mask_positions" in engine.inputs:
                batch["mask_positions"] = rng.integers(0, length, (rows, 3)).astype(np.int32)
            expected = model.score_inputs(batch)
            for name, output in engine.run(batch).items():
                worst = max(worst, _difference(name, output, np.asarray(expected[name])))
    if worst > tolerance:
        raise ParityError(
            f"the LiteRT file must answer as Keras within {tolerance}; it differs by {worst:.2e}."
        )
    return worst


def check_finite(engine: Engine, longest: int, config: AlbertConfig) -> None:
    """Looks for answers that are no numbers, on inputs from the emptiest to the fullest.

    Args:
        engine: Of the file that is to be written.
        longest: Tokens of the longest input.
        config: Of the model.

    Raises:
        ParityError: an output is not finite.
    """
    rng = np.random.default_rng(0)
    rows = engine.inputs["token_ids"].shape[0] or 1
    for real, length in ((2, 2), (max(longest // 10, 1), longest), (longest, longest)):
        batch = random_inputs((rows, length), config, rng)[0]
        batch["padding_mask"][:, real:] = 0
        if "mask_positions" in engine.inputs:
            batch["mask_positions"] = np.zeros((rows, 1), np.int32)
        for name, output in engine.run(batch).items():
            if not np.isfinite(output).all():
                raise ParityError(
                    f"output {name} must be finite; it is not for {real} tokens of {length}."
                )


def _difference(name: str, output: np.ndarray, expected: np.ndarray) -> float:
    # What lies beyond answers padding.
    output = output[tuple(map(slice, expected.shape))]
    if not (np.isfinite(output).all() and np.isfinite(expected).all()):
        raise ParityError(f"output {name} must be finite; it is not.")
    worst = np.abs(output - expected).max()
    if name == PROBABILITIES:
        # A model that is sure has the same ones for logits that are far apart.
        logits = (np.log(np.maximum(found, _LEAST)) for found in (output, expected))
        worst = max(worst, np.abs(np.subtract(*logits)).max())
    return float(worst)


def random_inputs(
    shape: tuple[int, int], config: AlbertConfig, rng: np.random.Generator
) -> list[dict[str, Ints]]:
    """Full sequences [B, T] of two segments, and the same with their second half padded.

    Args:
        shape: B and T.
        config: Of a model; one that knows a single segment gets that.
        rng: Source of the ids.
    """
    token_ids = rng.integers(0, config.vocab_size, shape).astype(np.int32)
    second = np.broadcast_to(np.arange(shape[1]) >= shape[1] // 2, shape)
    segment_ids = (second & (config.type_vocab_size > 1)).astype(np.int32)
    return [
        {"token_ids": token_ids, "segment_ids": segment_ids, "padding_mask": padding_mask}
        for padding_mask in (np.ones_like(segment_ids), (~second).astype(np.int32))
    ]
