"""Shrinks a float `.tflite` file by a named recipe.

convert  ->  [quantize.quantize]  ->  structure, bundle

Shape letters: B inputs of one call, T tokens.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from litert_quantizer import Quantizer
from litert_quantizer.algorithm_manager import AlgorithmName
from litert_quantizer.qtyping import QuantGranularity, TFLOperationName
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.examples.packing import Ints
from albert_tf.export.entering import Entering
from albert_tf.export.parsed import assemble, parse
from albert_tf.export.ranges import measure_ranges
from albert_tf.export.recipes import BLOCKS, CALIBRATED_RECIPES, FLOAT_RECIPE, check_recipe
from albert_tf.export.rounding import round_weights
from albert_tf.export.row_scales import SCALES_NAME, move_row_scales
from albert_tf.export.sums import fit_sums
from albert_tf.layers.dense import Dense

_EVERY = TFLOperationName.ALL_SUPPORTED
_LOOKUP = TFLOperationName.EMBEDDING_LOOKUP
_PRODUCT = TFLOperationName.FULLY_CONNECTED
_FOR_OLD_RUNTIMES = {"float16", "compat"}
# Version of FULLY_CONNECTED: tensorflow/lite/tools/versioning/op_version.cc.
_OF_ROW_SCALES = 12
# Outputs of operations by name.
_ANYWHERE = ".*"
_ENCODER = "(.*/)?encoder/"
_ATTENTION_VALUES = "attention_.*/(value|output)"
_FEED_FORWARD_OUTPUT = "feed_forward_.*/output"


def quantize(
    model: bytes,
    name: str,
    calibration: Iterable[dict[str, Ints]] | None = None,
    entering: Entering | None = None,
) -> bytes:
    """Applies a recipe.

    Args:
        model: A float LiteRT model as `convert` makes it.
        name: One of `recipes.RECIPES`; each is described by its function below.
        calibration: Inputs int32 [B, T] by name, such as the model will read. Needed by the
            static recipes, and not read by others.
        entering: What enters the layers of the encoder, with covariances of those that
            `in_blocks` names, for weights of 4 bits to be rounded by it, and not one by one.

    Raises:
        ValueError: an unknown recipe, or a static one and no inputs.
    """
    inputs = list(calibration or ()) if name in CALIBRATED_RECIPES else []
    check_recipe(name, bool(inputs))
    if name == FLOAT_RECIPE:
        return model
    if name == "compat":
        model = move_row_scales(model)
    if name in BLOCKS and entering:
        model = round_weights(model, entering)
    with _quiet():
        quantizer = Quantizer(bytearray(model))
        _RULES[name](quantizer)
        ranges = measure_ranges(model, inputs) if inputs else None
        small = parse(bytes(quantizer.quantize(ranges).quantized_model))
    if inputs:
        fit_sums(small)
    if name not in _FOR_OLD_RUNTIMES:
        _name_row_scales(small)
    # Put together again, weights are never stored behind the flatbuffer, at places counted from
    # the start of the file, where nothing could be put before them.
    return assemble(small)


def _name_row_scales(model: Any) -> None:
    """Says by the version of products that their weights have a scale for each row or block.

    The library leaves it at that of float ones, so runtimes that know one scale alone open
    the file and answer nonsense; of this version, they refuse it.
    """
    for code in model.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
            code.version = max(code.version, _OF_ROW_SCALES)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's progress off stdout, and its remarks on its own debugging unsaid."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def _float16(quantizer: Quantizer) -> None:
    """Weights of 16-bit floats, which the runtime widens when it loads them."""
    quantizer.add_weight_only_config(
        _ANYWHERE, _EVERY, 16, QuantGranularity.TENSORWISE, AlgorithmName.FLOAT_CASTING
    )


def _dynamic_wi8(quantizer: Quantizer) -> None:
    """Weights of 8 bits with a scale for each row, activations rounded token by token."""
    quantizer.add_dynamic_config(_ANYWHERE, _EVERY, 8)


def _weight_only_wi8(quantizer: Quantizer) -> None:
    """Weights of 8 bits, widened when they are loaded; products in float.

    A table is read row by row in any case: widened whole, it would be held in float.
    """
    quantizer.add_weight_only_config(_ANYWHERE, _EVERY, 8)
    quantizer.add_dynamic_config(_ANYWHERE, _LOOKUP, 8)


def _dynamic_wi4(quantizer: Quantizer) -> None:
    """Weights of 4 bits with a scale for every 32, activations rounded token by token.

    Two products of attention keep 8 bits: on 2,000 sentences of NSMC the drop was 0.15 points
    in place of 1.25, for 0.5 MB of albert_base. 8 bits for the other two, or for the tables,
    helped no further.
    """
    quantizer.add_dynamic_config(_ANYWHERE, _EVERY, 4, QuantGranularity.BLOCKWISE_32)
    quantizer.add_dynamic_config(_ATTENTION_VALUES, _PRODUCT, 8)


def in_blocks(layers: Iterable[Dense]) -> list[Dense]:
    """Those of the encoder that `_dynamic_wi4` leaves in 4 bits."""
    return [
        layer
        for layer in layers
        if re.match(_ENCODER, layer.path) and not re.search(_ATTENTION_VALUES, layer.path)
    ]


def _static_ai16(quantizer: Quantizer) -> None:
    """Weights of 8 bits, what enters and leaves their products of 16; float in between."""
    _static(quantizer, 16)


def _static_ai8(quantizer: Quantizer) -> None:
    """Weights of 8 bits, what enters and leaves their products of 8; float in between.

    Layer normalization, the products and the softmax of attention, GELU and sums stay float: in
    integers the products of attention lost nothing on NSMC, and a file of the size of albert_base
    took 1.4 times as long for 128 tokens (1.6 with 16 bits). What enters and leaves the second
    product of the feed-forward block has outliers that 8 bits do not hold (arXiv:2109.12948),
    and gets 16. One range serves all turns of the loop: on NSMC nothing is lost by that.
    """
    _static(quantizer, 8)
    quantizer.add_static_config(_FEED_FORWARD_OUTPUT, _PRODUCT, 16, 8)


def _static(quantizer: Quantizer, bits: int) -> None:
    quantizer.add_static_config(_ANYWHERE, _PRODUCT, bits, 8)
    # The library has no static form of a lookup; a row is widened when it is read.
    quantizer.add_dynamic_config(_ANYWHERE, _LOOKUP, 8)


def _compat(quantizer: Quantizer) -> None:
    """Weights of 8 bits with one scale each, after `move_row_scales`."""
    quantizer.add_dynamic_config(_ANYWHERE, _EVERY, 8, QuantGranularity.TENSORWISE)
    quantizer.update_quantization_recipe(
        SCALES_NAME, _LOOKUP, algorithm_key=AlgorithmName.NO_QUANTIZE
    )


_RULES: dict[str, Callable[[Quantizer], None]] = {
    "float16": _float16,
    "dynamic_wi8_afp32": _dynamic_wi8,
    "weight_only_wi8_afp32": _weight_only_wi8,
    "dynamic_wi4b32_afp32": _dynamic_wi4,
    "static_wi8_ai16": _static_ai16,
    "static_wi8_ai8": _static_ai8,
    "compat": _compat,
}
