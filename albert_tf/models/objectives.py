"""What the heads of a model are trained for: losses averaged over a whole batch, and accuracies.

task_model  ->  [objectives.Objectives]  ->  task_model, global_batch

A head's loss is the mean of its places, weighted by their sample weights, over everything that
makes one update: all devices and all micro-batches. Each of them only sees its part, so the
weights are divided by their sum beforehand, and parts are then simply added up.

Shape letters: B examples of the part at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

# The loss whose targets are not of the kind of its outputs.
_CLASS_IDS = "sparse_categorical_crossentropy"
# Adds up a number over all devices; with one device, the number itself.
Sum = Callable[[Tensor], Tensor]


class Objectives:
    """Loss and accuracy of every head.

    Args:
        outputs: Logits by head, in the order of targets that are not a dict; all axes but the
            last are places. A head with one axis gives a number for each example.
        loss: A Keras loss or its name, or a dict of them by head; None for cross-entropy of
            logits everywhere. Its `reduction` is not used.
        loss_weights: Weight of each head's loss in their sum, by head; None for 1.
        accuracies: Whether to keep the accuracy of each head whose loss is a cross-entropy of
            classes.

    Raises:
        ValueError: a loss or a weight is for another head, or a head has no loss.
    """

    def __init__(
        self, outputs: Mapping[str, Tensor], loss: Any, loss_weights: Any, *, accuracies: bool
    ) -> None:
        heads = list(outputs)
        if loss is None:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        losses = loss if isinstance(loss, Mapping) else dict.fromkeys(heads, loss)
        weights = {} if loss_weights is None else loss_weights
        if set(losses) != set(heads):
            raise ValueError(f"loss must be given for the heads {heads}; got {sorted(losses)}.")
        if not isinstance(weights, Mapping) or not set(weights) <= set(heads):
            raise ValueError(
                f"loss_weights must be a dict by head, of {heads}; got {loss_weights!r}."
            )
        self.heads = heads
        self._axes = {head: max(len(output.shape) - 1, 1) for head, output in outputs.items()}
        self._numbers = {head for head, output in outputs.items() if len(output.shape) == 1}
        self._losses = {head: _function(losses[head]) for head in heads}
        self._ignored = {head: getattr(losses[head], "ignore_class", None) for head in heads}
        self._weights = {head: float(weights.get(head, 1.0)) for head in heads}
        several = len(heads) > 1
        self._means = {head: keras.metrics.Mean(f"{head}_loss") for head in heads if several}
        self._accuracies = {
            head: keras.metrics.SparseCategoricalAccuracy(
                f"{head}_accuracy" if several else "accuracy"
            )
            for head in heads
            if accuracies and _scores_classes(losses[head])
        }

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What `update` keeps, in the order it is shown."""
        return [*self._means.values(), *self._accuracies.values()]

    def by_head(self, values: Any) -> dict[str, Any]:
        """Targets or sample weights as a dict by head, however the caller gave them."""
        if isinstance(values, Mapping):
            return {head: values.get(head) for head in self.heads}
        if isinstance(values, list | tuple):
            return dict(zip(self.heads, values, strict=True))
        return dict.fromkeys(self.heads, values)

    def check(self, y: Any, sample_weight: Any) -> None:
        """Refuses targets that are not those of the heads, and weights of other heads.

        Raises:
            ValueError: a head has no targets, or something is for another head.
        """
        several = len(self.heads) > 1
        if y is None:
            raise ValueError(f"targets must be given for {self.heads}; got none.")
        if isinstance(y, Mapping) and set(y) != set(self.heads):
            raise ValueError(f"targets must be given for {self.heads}; got {sorted(y)}.")
        if several and not isinstance(y, Mapping | list | tuple):
            raise ValueError(f"targets must be a dict by head, of {self.heads}; got one array.")
        if isinstance(sample_weight, Mapping) and not set(sample_weight) <= set(self.heads):
            raise ValueError(
                f"sample_weight must be for heads among {self.heads}; got {sorted(sample_weight)}."
            )

    def losses(self, y: Any, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The loss of every place of every head, [B] or [B, places].

        Raises:
            ValueError: a loss is a mean already.
        """
        targets = self.by_head(y)
        losses = {}
        for head in self.heads:
            pair = (targets[head], outputs[head])
            if head in self._numbers:  # a loss averages the last axis, which is made for it
                pair = tuple(ops.reshape(values, (-1, 1)) for values in pair)
            losses[head] = self._losses[head](*pair)
            if len(losses[head].shape) < self._axes[head]:
                raise ValueError(
                    f"the loss of {head} must give a number for each example, and is averaged over "
                    f"them here; it gives the shape {tuple(losses[head].shape)}."
                )
        return losses

    def weights(self, y: Any, sample_weight: Any) -> dict[str, Tensor]:
        """The weight of every place of every head, 1 where the caller gave none.

        Raises:
            ValueError: weights have more axes than targets, or see `check`.
        """
        self.check(y, sample_weight)
        targets, given = self.by_head(y), self.by_head(sample_weight)
        weights = {}
        for head in self.heads:
            ones = ops.ones(ops.shape(targets[head])[: self._axes[head]], "float32")
            if given[head] is not None:
                weight = ops.cast(given[head], "float32")
                missing = len(ones.shape) - len(weight.shape)
                if missing == -1 and weight.shape[-1] == 1:  # a column, as tables have them
                    weight, missing = weight[..., 0], 0
                if missing < 0:
                    raise ValueError(
                        f"sample_weight of {head} must have at most {len(ones.shape)} axes; got "
                        f"{len(weight.shape)}."
                    )
                ones = ones * ops.reshape(weight, (*ops.shape(weight), *[1] * missing))
            if self._ignored[head] is not None:
                kept = ops.not_equal(targets[head], self._ignored[head])
                ones = ones * ops.cast(ops.reshape(kept, ops.shape(ones)), "float32")
            weights[head] = ones
        return weights

    def shares(self, weights: Mapping[str, Tensor], add_up: Sum) -> dict[str, Tensor]:
        """The weights divided by their sum over all devices; zeros where that is zero."""
        return {
            head: ops.divide_no_nan(weight, add_up(ops.sum(weight)))
            for head, weight in weights.items()
        }

    def total(self, losses: Mapping[str, Tensor], shares: Mapping[str, Tensor]) -> Tensor:
        """This part's addend of the loss; over all parts they sum up to it."""
        parts = [
            self._weights[head] * ops.sum(_like(losses[head], shares[head]) * shares[head])
            for head in self.heads
        ]
        return ops.sum(ops.stack(parts))

    def update(
        self,
        y: Any,
        outputs: Mapping[str, Tensor],
        losses: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
    ) -> None:
        """Adds a part to the mean losses and the accuracies."""
        targets = self.by_head(y)
        for head, mean in self._means.items():
            mean.update_state(_like(losses[head], weights[head]), sample_weight=weights[head])
        for head, accuracy in self._accuracies.items():
            ids = targets[head]
            if len(ids.shape) > self._axes[head] and ids.shape[-1] != 1:
                ids = ops.argmax(ids, axis=-1)  # of targets that are a share of every class
            accuracy.update_state(ids, outputs[head], sample_weight=weights[head])


def _scores_classes(loss: Any) -> bool:
    """Whether the likeliest class is what a loss asks for."""
    name = getattr(loss, "name", loss)
    return name in {_CLASS_IDS, "categorical_crossentropy"}


def _function(loss: Any) -> Callable[[Any, Tensor], Tensor]:
    """The loss of each place, before any reduction."""
    found = keras.losses.get(loss)
    if found is None:
        raise ValueError("every head must have a loss; got None for one.")
    function = found.call if isinstance(found, keras.losses.Loss) else found
    ids = getattr(found, "name", getattr(found, "__name__", "")) == _CLASS_IDS

    def loss_of(targets: Any, outputs: Tensor) -> Tensor:
        targets = ops.convert_to_tensor(targets)
        return function(targets if ids else ops.cast(targets, outputs.dtype), outputs)

    return loss_of


def _like(losses: Tensor, weights: Tensor) -> Tensor:
    """Losses in the shape of the weights: a loss may have averaged a last axis of one away."""
    return ops.reshape(losses, ops.shape(weights))
