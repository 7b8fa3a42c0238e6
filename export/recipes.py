"""The names of the ways to shrink a file, for those who need no more than the names.

[recipes]  ->  quantize, bundle, cli
"""

from __future__ import annotations

from albert_tf.config import AlbertConfig

FLOAT_RECIPE = "float32"
DEFAULT_RECIPE = "dynamic_wi8_afp32"

# "dynamic": integer weights, activations rounded at run time, a scale for each token;
# "weight_only": integer weights, float products; "static": integer weights and
# activations, one scale for each tensor, found beforehand on examples. wi8: weights of 8
# bits; b32: a scale for every 32 of them; afp32, ai8, ai16: what activations are.
RECIPES = (
    FLOAT_RECIPE,
    "float16",
    "dynamic_wi8_afp32",
    "weight_only_wi8_afp32",
    "dynamic_wi4b32_afp32",
    "static_wi8_ai16",
    "static_wi8_ai8",
    "compat",
)

# Weights of a row that share a scale.
BLOCKS = {"dynamic_wi4b32_afp32": 32}
# Those that must see examples.
CALIBRATED_RECIPES = frozenset({"static_wi8_ai16", "static_wi8_ai8"})
# Those that round to integers, and do it better where they see examples.
INTEGER_RECIPES = frozenset(RECIPES) - {FLOAT_RECIPE, "float16"}


def check_widths(name: str, config: AlbertConfig) -> None:
    """Refuses a recipe of blocks that do not fill the rows of a model's weights.

    Args:
        name: Of a recipe.
        config: Of the model.

    Raises:
        ValueError: a width is no multiple of the block.
    """
    block = BLOCKS.get(name, 1)
    for width in ("embedding_size", "hidden_size", "intermediate_size"):
        size = getattr(config, width)
        if size % block:
            raise ValueError(
                f"recipe {name} keeps a scale for every {block} weights of a row, so {width} must "
                f"be a multiple of {block}; got {size}. Choose dynamic_wi8_afp32."
            )


def check_recipe(name: str, examples: bool) -> None:
    """Refuses what cannot be done before anything is.

    Args:
        name: Of a recipe.
        examples: Whether there are examples for it to see.

    Raises:
        ValueError: an unknown recipe, or one that must see examples and has none.
    """
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    if name in CALIBRATED_RECIPES and not examples:
        raise ValueError(
            f"recipe {name} must see examples of what the model will read; got none. Give it "
            f"--calibration, a file of the task."
        )
