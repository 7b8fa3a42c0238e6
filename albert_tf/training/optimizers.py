"""AdamW and LAMB as published, and the learning rate they follow.

finetune, pretrain  ->  [optimizers.build_optimizer]  ->  trainer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

# Biases and layer normalization are neither decayed nor adapted:
# google-research/albert optimization.py, exclude_from_weight_decay.
OPTIMIZERS = ("adamw", "lamb")
_EXCLUDED = ["bias", "gamma", "beta"]


@keras.saving.register_keras_serializable(package="albert_tf")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Climbs from 0 to `peak` over the warm-up, then falls in a line to 0 at the end.

    Args:
        peak: Highest learning rate.
        warmup_steps: Steps of the climb.
        total_steps: Steps of the whole run.

    `factor`, 1 at first, multiplies the rate; a run that broke goes on with a lower one.

    Raises:
        ValueError: the warm-up is longer than the run.

    Source: google-research/albert optimization.py, create_optimizer.
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int) -> None:
        if not 0 <= warmup_steps <= total_steps:
            raise ValueError(
                f"warmup_steps must be between 0 and total_steps ({total_steps}); "
                f"got {warmup_steps}."
            )
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.factor = keras.Variable(1.0, trainable=False, name="rate_factor")

    def __call__(self, step: Any) -> Any:
        # The first update is step 0; counted from 1 it is not wasted on a rate of 0.
        done = ops.cast(step, "float32") + 1.0
        climb = done / max(self.warmup_steps, 1)
        fall = (self.total_steps + 1.0 - done) / max(self.total_steps + 1 - self.warmup_steps, 1)
        return self.peak * self.factor * ops.clip(ops.minimum(climb, fall), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
        }


@keras.saving.register_keras_serializable(package="albert_tf")
class Lamb(keras.optimizers.Optimizer):
    """Layer-wise adaptive moments: Adam's step, decay included, scaled by a trust ratio.

    Args:
        learning_rate: A number or a schedule.
        beta_1: Decay of the first moment.
        beta_2: Decay of the second moment.
        epsilon: Added to the root of the second moment.
        decay: Weight decay, inside the trust ratio as published.
        shares: Share of the learning rate by path of a variable; 1 where it is not stated.

    Source: LAMB (arXiv:1904.00962) algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Any = 0.00176,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        decay: float = 0.01,
        shares: Mapping[str, float] | None = None,
        name: str = "lamb",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.decay = decay
        self.shares = dict(shares or {})

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self._first = [self.add_variable_from_reference(v, name="first") for v in variables]
        self._second = [self.add_variable_from_reference(v, name="second") for v in variables]
        # Noted here, because TensorFlow hands other names to update_step.
        self._adapted = [variable.name not in _EXCLUDED for variable in variables]
        self._shares = [self.shares.get(variable.path, 1.0) for variable in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        return super().apply([_whole(gradient) for gradient in grads], trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        first, second = self._first[index], self._second[index]
        step = ops.cast(self.iterations + 1, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        self.assign(first, self.beta_1 * first + (1 - self.beta_1) * gradient)
        self.assign(second, self.beta_2 * second + (1 - self.beta_2) * ops.square(gradient))
        unbiased = second / (1 - ops.power(ops.cast(self.beta_2, variable.dtype), step))
        update = first / (1 - ops.power(ops.cast(self.beta_1, variable.dtype), step))
        update = update / (ops.sqrt(unbiased) + self.epsilon)
        rate = ops.cast(learning_rate, variable.dtype) * self._shares[index]
        if self._adapted[index]:
            update = update + self.decay * variable
            rate = rate * _trust_ratio(variable, update)
        self.assign_sub(variable, rate * update)

    def get_config(self) -> dict[str, Any]:
        names = ("beta_1", "beta_2", "epsilon", "decay", "shares")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="albert_tf")
class LayerwiseAdamW(keras.optimizers.AdamW):
    """Keras's AdamW where some variables take a share of the learning rate, decay included.

    Biases and layer normalization are not decayed.

    Args:
        shares: Share by path of a variable; 1 where it is not stated.
        *args: As in Keras.
        **kwargs: As in Keras.
    """

    def __init__(self, *args: Any, shares: Mapping[str, float], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shares = dict(shares)

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self._decayed = [variable.name not in _EXCLUDED for variable in variables]
        self._shares = [self.shares.get(variable.path, 1.0) for variable in variables]

    def _apply_weight_decay(self, variables: Any) -> None:
        """Nothing here: `update_step` knows the rate of each variable."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        rate = ops.cast(learning_rate, variable.dtype) * self._shares[index]
        if self._decayed[index]:
            self.assign_sub(variable, variable * self.weight_decay * rate)
        super().update_step(gradient, variable, rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shares": self.shares}


def _whole(gradient: Any) -> Any:
    """Adds up the slices of a table's gradient, which repeat a row that was looked up twice."""
    if not hasattr(gradient, "indices"):
        return gradient
    rows = int(gradient.dense_shape[0])
    return ops.segment_sum(gradient.values, gradient.indices, num_segments=rows)


def _trust_ratio(variable: Any, update: Any) -> Any:
    weight_norm = ops.norm(ops.convert_to_tensor(variable))
    update_norm = ops.norm(update)
    usable = ops.logical_and(weight_norm > 0, update_norm > 0)
    return ops.where(usable, weight_norm / ops.maximum(update_norm, 1e-30), 1.0)


def rate_factor(optimizer: keras.optimizers.Optimizer) -> keras.Variable | None:
    """What multiplies the rate of an optimizer that `build_optimizer` made; None for others."""
    return getattr(_schedule(optimizer), "factor", None)


def peak_rate(optimizer: keras.optimizers.Optimizer) -> float | None:
    """The highest rate of an optimizer that `build_optimizer` made; None for others."""
    schedule = _schedule(optimizer)
    return None if schedule is None else schedule.peak * float(schedule.factor.value.numpy())


def _schedule(optimizer: keras.optimizers.Optimizer) -> WarmupLinearDecay | None:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return getattr(inner, "schedule", None)


def check_optimizer(name: str) -> None:
    """Refuses a name that `build_optimizer` does not know.

    Raises:
        ValueError: an unknown optimizer.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer {name!r}; choose one of {', '.join(OPTIMIZERS)}.")


def build_optimizer(
    name: str,
    *,
    learning_rate: float,
    warmup_steps: int,
    total_steps: int,
    shares: Mapping[str, float] | None = None,
) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a run: gradients clipped to norm 1, decay 0.01.

    Args:
        name: "adamw" or "lamb".
        learning_rate: Peak of the schedule.
        warmup_steps: Steps of the climb to it.
        total_steps: Steps of the run.
        shares: Share of the rate by path of a variable, as `layer_decay.rate_shares` gives.

    Raises:
        ValueError: an unknown name, or a warm-up longer than the run.

    Source: google-research/albert optimization.py, create_optimizer.
    """
    schedule = WarmupLinearDecay(learning_rate, warmup_steps, total_steps)
    check_optimizer(name)
    if name == "lamb":
        optimizer = Lamb(schedule, global_clipnorm=1.0, shares=shares)
    else:
        optimizer = _adamw(schedule, shares)
    optimizer.schedule = schedule
    return optimizer


def _adamw(
    schedule: WarmupLinearDecay, shares: Mapping[str, float] | None
) -> keras.optimizers.Optimizer:
    settings = {"weight_decay": 0.01, "epsilon": 1e-6, "global_clipnorm": 1.0}
    if shares:
        return LayerwiseAdamW(schedule, shares=shares, **settings)
    optimizer = keras.optimizers.AdamW(schedule, **settings)
    # Keras looks these up in TensorFlow's names, such as layer/bias:0.
    optimizer.exclude_from_weight_decay(var_names=[f"(^|/){name}(:0)?$" for name in _EXCLUDED])
    return optimizer
