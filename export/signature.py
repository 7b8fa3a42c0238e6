"""A head as one function: named inputs, named outputs, in the form a device is to load.

heads  ->  [signature.build_signature]  ->  convert  ->  quantize  ->  bundle

Shape letters: B inputs of one call, T tokens, M gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from albert_tf.export.lookup import as_lookups
from albert_tf.models.backbone import INPUT_NAMES

ENCODERS = ("loop", "unrolled")
SIGNATURE = "serving_default"
# max_predictions_per_seq of google-research/albert; where all sizes are fixed, so is this one.
FIXED_GAPS = 20


@dataclass(frozen=True)
class Form:
    """How a file is laid out, whatever it answers.

    Raises:
        ValueError: an unknown encoder, or a size below 1.
    """

    # "loop" makes the shared layer the body of a WHILE operation, loaded once however often it
    # is applied, and once more where some places alone are read of the last application (but see
    # `unpacked`); "unrolled" is for delegates and clients that cannot run WHILE.
    encoder: str = "loop"
    sequence_length: int | None = None  # T; None for any
    batch: int = 1  # B

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise ValueError(f"encoder must be {' or '.join(ENCODERS)}; got {self.encoder!r}.")
        for name in ("sequence_length", "batch"):
            size = getattr(self, name)
            if size is not None and size < 1:
                raise ValueError(f"{name} must be at least 1; got {size}.")


_DEFAULT = Form()


def build_signature(
    model: Any, form: Form = _DEFAULT, inputs: tuple[str, ...] = INPUT_NAMES
) -> tf.Module:
    """Makes a model answer inputs of one form.

    Args:
        model: Has a `backbone`, `variables` and `score_inputs`, as `heads.Head` and the task
            models have. Its encoder is switched to the form's.
        form: See there.
        inputs: Names, of which `mask_positions` is [B, M] and the others are [B, T].

    Returns:
        A module whose `answer` takes int32 inputs by name and gives the model's float32
        outputs by name.
    """
    model.backbone.encoder.unroll = form.encoder == "unrolled"
    gaps = None if form.sequence_length is None else FIXED_GAPS
    sizes = dict.fromkeys(inputs, form.sequence_length) | {"mask_positions": gaps}

    def answer(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(model.score_inputs(inputs))

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    with as_lookups(model.backbone.embedding):
        module.answer = tf.function(answer).get_concrete_function(**{
            name: tf.TensorSpec([form.batch, sizes[name]], tf.int32, name=name) for name in inputs
        })
    return module
