"""What a static recipe must know of every tensor: its smallest and its largest value.

convert, calibration  ->  [ranges.measure_ranges]  ->  quantize

Shape letters: B inputs of one call, T tokens, I inputs, O outputs of a product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from litert_quantizer.calibrator import CalibrationMode, Calibrator
from litert_quantizer.recipe_manager import RecipeManager
from litert_quantizer.utils.qsv_utils import min_max_update
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.examples.packing import Ints
from albert_tf.export.parsed import constant, kind, parse, tensors_read
from albert_tf.export.signature import SIGNATURE

_THREADS = 2
_LARGEST_INPUT, _LARGEST_WEIGHT = 2**15 - 1, 2**7 - 1
_SMALLEST_WEIGHT = 1e-9  # which the quantizer takes for smaller ones
_LARGEST_BIAS = 2**30  # half of what 32 bits hold; the other half is for the products


def measure_ranges(model: bytes, inputs: list[dict[str, Ints]]) -> dict[str, Any]:
    """Watches a model read.

    A bias is kept in 32 bits, in steps of the scale of the inputs times that of its row of the
    weight. Inputs that hardly differ, once their mean is taken out, would make these steps so
    small that it does not fit; what enters such a product is said to span more than it did: as
    much as inputs of 16 bits need, of which those of 8 would need a small part.

    Args:
        model: A float LiteRT model.
        inputs: int32 [B, T] by name, such as the model will read.

    Returns:
        "min" and "max" by the name of the tensor, as the quantizer wants them.

    Raises:
        ValueError: a row of a weight is zero and its bias is not, so no scale fits it.
    """
    # The library's default way reads tensors after a run, which those inside a loop do not
    # outlast; this one watches every operation.
    calibrator = Calibrator(
        bytearray(model), _THREADS, CalibrationMode.CALIBRATION_PROFILER_BASED, min_max_update
    )
    calibrator.calibrate({SIGNATURE: inputs}, RecipeManager())
    ranges: dict[str, Any] = calibrator.get_model_qsvs()
    for name, span in _spans(model):
        found = ranges[name]
        found["min"], found["max"] = np.minimum(found["min"], -span), np.maximum(found["max"], span)
    return ranges


def _spans(model: bytes) -> Iterator[tuple[str, float]]:
    """Of every product with a bias: name of its input, and how far from 0 that must reach."""
    parsed = parse(model)
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            if kind(parsed, operator) == schema.BuiltinOperator.FULLY_CONNECTED:
                read = tensors_read(graph, operator)
                weight, *bias = (constant(parsed, tensor, np.float32) for tensor in read[1:])
                if weight is not None and bias and bias[0] is not None:
                    _check_rows(read[1].name.decode(), weight, bias[0])
                    yield read[0].name.decode(), _least_span(weight, bias[0])


def _check_rows(name: str, weight: Any, bias: Any) -> None:
    lost = np.flatnonzero((np.abs(weight).max(1) < _SMALLEST_WEIGHT) & (bias != 0))
    if lost.size:
        raise ValueError(
            f"a static recipe must have a weight in every row with a bias; row {lost[0]} of {name} "
            f"is zero and its bias is {bias[lost[0]]:.3g}. Choose dynamic_wi8_afp32."
        )


def _least_span(weight: Any, bias: Any) -> float:
    """Of the inputs of a weight [O, I], for its bias [O] to fit."""
    largest = np.maximum(np.abs(weight).max(1), _SMALLEST_WEIGHT)
    share = float((np.abs(bias) / largest).max())
    return share * _LARGEST_INPUT * _LARGEST_WEIGHT / _LARGEST_BIAS
