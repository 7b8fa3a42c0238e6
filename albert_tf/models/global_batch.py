"""A training step on TensorFlow whose update is that of the whole batch, however it is computed.

objectives  ->  [global_batch.GlobalBatchTraining]  ->  task_model

Keras 3 under tf.distribute clips gradients, weighs losses and counts repeated embedding rows
device by device, and cannot take several steps at once. Here every device computes its addend of
the gradient, in micro-batches if asked; the addends are summed, clipped and applied once.

Shape letters: B examples on one device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from albert_tf.models.clipping import clipped_share, clips
from albert_tf.models.objectives import Objectives

Tensors = dict[str, tf.Tensor]


# It is mixed into a keras.Model, and cannot inherit from one: Keras rewires the parents of models.
_Model: Any = object


class GlobalBatchTraining(_Model):
    """How a model trains and evaluates; stands before `keras.Model` among a class's parents."""

    objectives: Objectives
    train_function: Any
    test_function: Any
    _micro_batches = 1
    _xla = False

    def prepare_training(self, micro_batches: int, settings: dict[str, Any]) -> dict[str, Any]:
        """Takes of the settings of `compile` what Keras must not see, and returns the others.

        Args:
            micro_batches: Parts that a device computes its share of a batch in.
            settings: What `compile` was given beside the optimizer and the loss.

        Raises:
            ValueError: `micro_batches` is below 1.
        """
        if micro_batches < 1:
            raise ValueError(f"micro_batches must be at least 1; got {micro_batches}.")
        self._micro_batches = micro_batches
        if self._distribute_strategy is None:
            return settings
        # Keras would compile all devices as one; here XLA compiles what each of them computes.
        self._xla = settings.get("jit_compile") is True
        return {**settings, "jit_compile": False}

    def check_training(self) -> None:
        """Refuses settings of the optimizer that would not be exact.

        Raises:
            ValueError: it accumulates gradients itself, or clips scaled gradients on several
                devices.
        """
        if self.optimizer is None:
            return
        inner = getattr(self.optimizer, "inner_optimizer", None)
        if (inner or self.optimizer).gradient_accumulation_steps:
            raise ValueError(
                "gradient_accumulation_steps of the optimizer is not exact; give compile "
                "micro_batches, which divides each batch instead."
            )
        if self._devices > 1 and inner is not None and clips(inner):
            raise ValueError(
                f"mixed_float16 cannot clip gradients exactly on {self._devices} devices; use "
                f"mixed_bfloat16, or an optimizer that does not clip."
            )

    def add_up(self, value: tf.Tensor) -> tf.Tensor:
        """The sum of a number over all devices, where several compute."""
        if self._devices > 1:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, value)
        return value

    # === One device ===

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Takes one step; what `fit` calls on every device for its share of the batch."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = self.objectives.weights(y, sample_weight)
        y = self.objectives.by_head(y)
        shares = self.objectives.shares(weights, self.add_up)
        if self._micro_batches == 1:
            loss, gradients = self._compute(x, y, weights, shares)
        else:
            loss, gradients = self._compute_in_parts(x, y, weights, shares)
        gradients = clipped_share(gradients, self.optimizer, self._devices)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self._results(x, loss)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Scores a batch; what `evaluate` calls on every device for its share of it."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = self.objectives.weights(y, sample_weight)
        y = self.objectives.by_head(y)
        outputs = self(x, training=False)
        losses = self.objectives.losses(y, outputs)
        self._update(y, outputs, losses, weights)
        shares = self.objectives.shares(weights, self.add_up)
        loss = self.objectives.total(losses, shares)
        if self.losses:
            loss += tf.add_n(self.losses) / self._devices
        return self._results(x, loss)

    def _compute(self, x: Any, y: Tensors, weights: Tensors, shares: Tensors) -> Any:
        """The loss and the gradients of some examples; updates the metrics of the heads."""
        loss, losses, outputs, gradients = self._forward_backward(x, y, shares)
        self._update(y, outputs, losses, weights)
        return loss, gradients

    def _forward_backward(self, x: Any, y: Tensors, shares: Tensors) -> Any:
        variables = self.trainable_variables

        def run(x: Any, y: Tensors, shares: Tensors) -> Any:
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                losses = self.objectives.losses(y, outputs)
                loss = self.objectives.total(losses, shares)
                if self.losses:  # of layers and weights, which every part has in full
                    loss += tf.add_n(self.losses) / (self._devices * self._micro_batches)
                scaled = self.optimizer.scale_loss(loss)
            # A table's gradient comes as slices, with repeats; moments and norms taken slice by
            # slice are wrong.
            gradients = [
                None if gradient is None else tf.convert_to_tensor(gradient)
                for gradient in tape.gradient(scaled, variables)
            ]
            return loss, losses, outputs, gradients

        # With several devices XLA compiles what each computes; Keras compiles the step of one.
        return tf.function(run, jit_compile=True)(x, y, shares) if self._xla else run(x, y, shares)

    def _compute_in_parts(self, x: Any, y: Tensors, weights: Tensors, shares: Tensors) -> Any:
        """The same as `_compute`, one micro-batch after the other."""
        count = self._micro_batches
        parts = tf.nest.map_structure(lambda array: _split(array, count), (x, y, weights, shares))
        variables = self.trainable_variables
        connected = [False] * len(variables)

        def add_part(number: tf.Tensor, loss: tf.Tensor, sums: Any) -> Any:
            part = tf.nest.map_structure(lambda array: array[number], parts)
            addend, gradients = self._compute(*part)
            for place, gradient in enumerate(gradients):
                connected[place] |= gradient is not None
            sums = [
                total if gradient is None else total + gradient
                for total, gradient in zip(sums, gradients, strict=True)
            ]
            return number + 1, loss + addend, sums

        zeros = [tf.zeros(variable.shape, variable.dtype) for variable in variables]
        _, loss, sums = tf.while_loop(
            lambda number, *_: number < count, add_part, (0, tf.constant(0.0), zeros)
        )
        pairs = zip(sums, connected, strict=True)
        return loss, [total if reached else None for total, reached in pairs]

    def _update(self, y: Tensors, outputs: Tensors, losses: Tensors, weights: Tensors) -> None:
        self.objectives.update(y, outputs, losses, weights)
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, outputs, weights)

    def _results(self, x: Any, loss: tf.Tensor) -> dict[str, tf.Tensor]:
        """The metrics so far; with several devices they are read where all can be summed."""
        batch = tf.shape(tf.nest.flatten(x)[0])[0]
        self._loss_tracker.update_state(self.add_up(loss), sample_weight=batch)
        return self.get_metrics_result() if self._distribute_strategy is None else {}

    # === All devices ===

    @property
    def _devices(self) -> int:
        return int(self.distribute_strategy.num_replicas_in_sync)

    def make_train_function(self, force: bool = False) -> None:
        """Makes the function that `fit` calls, for as many steps as `steps_per_execution`."""
        if self._distribute_strategy is None:
            super().make_train_function(force)
        elif force or self.train_function is None:
            self.train_function = self._on_all_devices(self.train_step)

    def make_test_function(self, force: bool = False) -> None:
        """Makes the function that `evaluate` calls."""
        if self._distribute_strategy is None:
            super().make_test_function(force)
        elif force or self.test_function is None:
            self.test_function = self._on_all_devices(self.test_step)

    def _on_all_devices(self, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        strategy = self.distribute_strategy
        step = tf.autograph.experimental.do_not_convert(step)

        def take(iterator: Any) -> Any:
            taken = 0
            for _ in tf.range(self.steps_per_execution):
                batch = iterator.get_next_as_optional()
                if not batch.has_value():  # the next of them would be empty, and update weights
                    break
                strategy.run(step, args=(batch.get_value(),))
                taken += 1
            return taken, self.get_metrics_result()

        compiled = tf.function(take)

        def function(iterator: Any) -> Any:
            if not isinstance(iterator, tf.distribute.DistributedIterator):
                raise TypeError("a single batch is not divided among devices; use fit or evaluate.")
            taken, results = compiled(iterator)
            if not taken:
                raise StopIteration
            return results

        return function

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Builds the optimizer and the metrics of users, which several devices cannot do later.

        Keras would average a batch over devices, which fails for dicts.
        """
        metrics = self._compile_metrics
        with self.distribute_strategy.scope():
            if self.optimizer is not None and not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)
            if self._distribute_strategy is not None and metrics is not None and not metrics.built:
                batch = data_batch if iterator is None else next(next(iter(iterator))[2])
                first = self.distribute_strategy.experimental_local_results
                part = tf.nest.map_structure(lambda values: first(values)[0], batch)
                _, y, _ = keras.utils.unpack_x_y_sample_weight(part)
                metrics.build(self.objectives.by_head(y), self.output)


def _split(array: tf.Tensor, count: int) -> tf.Tensor:
    """[B, ...] to [count, B / count, ...]."""
    batch = tf.shape(array)[0]
    message = f"a device's share of a batch must be a multiple of micro_batches ({count})."
    with tf.control_dependencies([tf.debugging.assert_equal(batch % count, 0, message)]):
        shape = tf.concat([[count, batch // count], tf.shape(array)[1:]], axis=0)
    parts = tf.reshape(array, shape)
    return tf.ensure_shape(parts, [count, None, *array.shape[1:]])
