"""Shrinks the weights of a float `.tflite` file by a named recipe.

convert  ->  [quantize.quantize]  ->  bundle
"""

from __future__ import annotations

import contextlib
import io

from litert_quantizer import Quantizer, recipe

FLOAT_RECIPE = "float32"
RECIPES = (FLOAT_RECIPE, "dynamic_wi8_afp32")


def quantize(model: bytes, name: str) -> bytes:
    """Applies a recipe.

    Args:
        model: A float LiteRT model.
        name: "float32" leaves it as it is; "dynamic_wi8_afp32" stores the weights of
            matrix products in 8 bits and multiplies in integers with scales found per
            token at run time. Embedding tables stay float.

    Raises:
        ValueError: an unknown recipe.
    """
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    if name == FLOAT_RECIPE:
        return model
    quantizer = Quantizer(bytearray(model))
    quantizer.load_quantization_recipe(getattr(recipe, name)())
    # The library reports its progress on stdout, which belongs to results.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return bytes(quantizer.quantize().quantized_model)
