"""The encoder: a few layers, applied many times.

embeddings  ->  [encoder.AlbertEncoder]  ->  heads

Shape letters: B sequences, T tokens, M places wanted, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from albert_tf.config import AlbertConfig
from albert_tf.layers.encoder_layer import AttentionBlock, FeedForwardBlock

# The two halves of one layer.
Layer = tuple[AttentionBlock, FeedForwardBlock]
# A layer's output at the places that read, from those and from all places.
Apply = Callable[[Layer, Tensor, Tensor], Tensor]


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertEncoder(keras.layers.Layer):
    """Applies L layers, of which the config says which halves are one and the same.

    ALBERT has one attention block and one feed-forward block, applied L times each. Other
    settings of `parameter_sharing` and `num_hidden_groups` give either half, or both, more
    copies; with L of both nothing is shared, and this is BERT's encoder.

    Like `keras.layers.RNN`, it has `unroll`: True lays the applications out one by one; False
    makes each run of equal applications the body of one loop, which is what a phone should
    load. Both give the same numbers. Training always lays them out: it is faster so, and XLA
    has no gradient of a loop.

    Args:
        config: Sizes and sharing.
        unroll: See above.
        remat: Whether training forgets what happens inside each application and computes it
            again for the gradient: memory of one layer instead of L, for a third more work.

    Inputs:
        x: float [B, T, H].
        padding_mask: int32 [B, T], 1 for real tokens.
        positions: int32 [B, M], the places wanted; None for all of them. Where only some
            are, the last application computes no others; in a loop it then stands behind it.

    Output: float [B, T, H], or [B, M, H] at `positions`.

    Source: ALBERT (arXiv:1909.11942) section 3.1, "Cross-layer parameter sharing";
    google-research/albert modeling.py, transformer_model.
    """

    def __init__(
        self,
        config: AlbertConfig | dict[str, Any],
        unroll: bool = True,
        remat: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        config = config if isinstance(config, AlbertConfig) else AlbertConfig.from_dict(config)
        self.config = config
        self.unroll = unroll
        self.remat = remat
        self.attention = self._groups(AttentionBlock, config.attention_groups, "attention")
        self.feed_forward = self._groups(
            FeedForwardBlock, config.feed_forward_groups, "feed_forward"
        )

    def _groups(self, block: Any, groups: int, name: str) -> list[list[Any]]:
        return [
            [
                block(self.config, dtype=self.dtype_policy, name=f"{name}_{group}_{inner}")
                for inner in range(self.config.inner_group_num)
            ]
            for group in range(groups)
        ]

    def build(self, x_shape: Any, padding_mask_shape: Any, positions_shape: Any = None) -> None:
        for group in self.attention:
            for attention in group:
                attention.build(x_shape, x_shape, padding_mask_shape)
        for group in self.feed_forward:
            for feed_forward in group:
                feed_forward.build(x_shape)

    def get_config(self) -> dict[str, Any]:
        settings = {"config": asdict(self.config), "unroll": self.unroll, "remat": self.remat}
        return {**super().get_config(), **settings}

    def call(
        self,
        x: Tensor,
        padding_mask: Tensor,
        positions: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        def apply(layer: Layer, readers: Tensor, x: Tensor) -> Tensor:
            attention, feed_forward = layer
            attended = attention(readers, x, padding_mask, training=training)
            return feed_forward(attended, training=training)

        if self.unroll or training:
            return self._laid_out(apply, x, positions, training)
        return self._looped(apply, x, positions)

    def _looped(self, apply: Apply, x: Tensor, positions: Tensor | None) -> Tensor:
        """A loop for each run of equal applications, and the last by itself for some places."""
        *before, (layers, times) = self._runs()
        alone = positions is not None
        for run, count in [*before, (layers, times - alone)]:

            def once(_: Any, x: Tensor, run: list[Layer] = run) -> Tensor:
                x = of_computed_shape(x)
                for layer in run:
                    x = apply(layer, x, x)
                return x

            x = ops.fori_loop(0, count, once, x) if count else x
        if not alone:
            return x
        *inner, last = layers
        for layer in inner:
            x = apply(layer, x, x)
        return apply(last, take_places(x, positions), x)

    def _laid_out(
        self, apply: Apply, x: Tensor, positions: Tensor | None, training: bool
    ) -> Tensor:
        *before, last = [layer for layers, times in self._runs() for layer in layers * times]
        for layer in before:
            x = self._forgetting(apply, layer, training)(x, x)  # [B, T, H]
        readers = x if positions is None else take_places(x, positions)
        return self._forgetting(apply, last, training)(readers, x)  # [B, T or M, H]

    def stored_layers(self) -> list[tuple[int, int, AttentionBlock, FeedForwardBlock]]:
        """Group, place in the group, and the two halves of every layer that is stored.

        Raises:
            ValueError: the two halves are not shared alike, so they make no whole layers.
        """
        if len(self.attention) != len(self.feed_forward):
            raise ValueError(
                f"parameter_sharing must be all or none for whole layers to be stored; "
                f"got {self.config.parameter_sharing!r}."
            )
        return [
            (group, inner, attention, feed_forward)
            for group, halves in enumerate(zip(self.attention, self.feed_forward, strict=True))
            for inner, (attention, feed_forward) in enumerate(zip(*halves, strict=True))
        ]

    def _runs(self) -> list[tuple[list[Layer], int]]:
        """The layers of each run of equal applications, and how often they are applied."""
        applications = self.config.num_hidden_layers

        def halves(application: int) -> tuple[int, int]:
            return (
                application * len(self.attention) // applications,
                application * len(self.feed_forward) // applications,
            )

        return [
            (list(zip(self.attention[a], self.feed_forward[f], strict=True)), len(list(run)))
            for (a, f), run in groupby(range(applications), halves)
        ]

    def _forgetting(self, apply: Any, layer: Layer, training: bool) -> Any:
        """One application, as a function that is computed again for the gradient if asked."""

        def application(readers: Tensor, x: Tensor) -> Tensor:
            return apply(layer, readers, x)

        if not (self.remat and training):
            return application
        # Drawn here, once, so that the second time drops what the first did.
        dropouts = [dropout for block in layer for dropout in block.dropouts if dropout.rate > 0]
        generators = [dropout.seed_generator for dropout in dropouts]
        seeds = [generator.next() for generator in generators]

        def repeatable(readers: Tensor, x: Tensor) -> Tensor:
            with _given(generators, seeds):
                return application(readers, x)

        return keras.remat(repeatable)


@contextmanager
def _given(generators: list[Any], seeds: list[Tensor]) -> Iterator[None]:
    """Makes generators of seeds return these, instead of drawing the next.

    Not `keras.StatelessScope`, which hides the weights that an outer one of JAX stands in for.
    """
    for generator, seed in zip(generators, seeds, strict=True):
        generator.next = lambda ordered=True, seed=seed: seed
    try:
        yield
    finally:
        for generator in generators:
            del generator.next


def take_places(x: Tensor, positions: Tensor) -> Tensor:
    """Returns the rows of each sequence at its own positions.

    Args:
        x: [B, T, H].
        positions: int32 [B, M].

    Returns:
        [B, M, H].
    """
    batch, length, width = ops.shape(x)
    starts = ops.expand_dims(ops.arange(batch) * length, 1)  # [B, 1]
    return ops.take(ops.reshape(x, (-1, width)), starts + positions, axis=0)


def of_computed_shape(x: Tensor) -> Tensor:
    """Returns x as it is, for the first line of the body of a loop that is exported.

    A body all of whose shapes are known before it runs is planned by LiteRT once for a length,
    and may be answered wrongly the first time that an input is longer: up to 2.16 of
    TensorFlow Lite in float, up to LiteRT 2.3 in static integers. A computed shape has it
    planned while it runs.
    """
    return ops.reshape(x, ops.shape(x))
