"""Small matrices that are trained in place of a backbone (LoRA).

models  ->  [adapters.add_adapters]  ->  finetune
"""

from __future__ import annotations

import keras

from albert_tf.models.backbone import AlbertBackbone


def add_adapters(backbone: AlbertBackbone, rank: int) -> None:
    """Freezes a backbone and adds trainable matrices to its query and value projections.

    A layer that is shared has one adapter, applied as often as the layer. Saving merges the
    adapters into the kernels, so what is saved opens as any other model.

    Args:
        backbone: Built; heads on it stay trainable. It is changed.
        rank: Width of the matrices.

    Raises:
        ValueError: the rank is not below the hidden size.

    Source: LoRA (arXiv:2106.09685) section 4; Keras's Dense.enable_lora.
    """
    if not 1 <= rank < backbone.config.hidden_size:
        raise ValueError(
            f"lora must be from 1 to below hidden_size ({backbone.config.hidden_size}); got {rank}."
        )
    backbone.enable_lora(rank)
    for layer in backbone._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Dense) and layer.lora_enabled:
            layer.bias.trainable = False  # Keras leaves it to be trained
