"""Lower learning rates for layers that are further from the head.

models  ->  [layer_decay.rate_shares]  ->  optimizers
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from albert_tf.models.backbone import AlbertBackbone


def rate_shares(backbone: AlbertBackbone, decay: float) -> dict[str, float]:
    """Returns the share of the learning rate of every variable below the pooler.

    Heads and the pooler, which are not listed, have the whole rate; the last layer has `decay`
    of it, each layer before it `decay` of the one above, and the embeddings `decay` of the first.
    Layers are those that are stored, so where one is shared by all there are two steps: the
    encoder has `decay`, the embeddings its square. A half of a layer that several layers share
    goes with the last of them.

    Args:
        backbone: Built.
        decay: Above 0 and at most 1.

    Returns:
        By path of a variable.

    Source: ULMFiT (arXiv:1801.06146) section 3.2, "Discriminative fine-tuning".
    """
    encoder = backbone.encoder
    levels = max(len(encoder.attention), len(encoder.feed_forward))
    inner = backbone.config.inner_group_num
    shares = _shares([backbone.embedding], decay ** (levels * inner + 1))
    for groups in (encoder.attention, encoder.feed_forward):
        for place, layer in enumerate(chain.from_iterable(groups)):
            group, within = divmod(place, inner)
            last = -(-(group + 1) * levels // len(groups)) - 1  # level that uses it last
            below = (levels - last) * inner - within
            shares |= _shares([layer], decay**below)
    return shares


def _shares(layers: list[Any], share: float) -> dict[str, float]:
    return {variable.path: share for layer in layers for variable in layer.trainable_variables}
