"""What training runs are told; nothing here needs TensorFlow.

[options]  ->  recipe, pretrain, finetune
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

# float16 would need gradients to be scaled, and skips steps where they overflow.
PRECISIONS = ("float32", "mixed_bfloat16")
# Counts that may be zero.
_FROM_ZERO = ("seed", "warmup_steps")
_RATES = ("learning_rate", "dropout", "head_dropout", "warmup_share", "layer_decay")
# How a result is computed. Without dropout it is the same but for rounding, so a run may be
# continued in another way.
_MEANS = ("distribute", "micro_batches", "steps_per_execution", "xla", "remat")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Settings of any run; its kinds add their own.

    `batch_size` is that of an update, whatever computes it: `distribute` names the devices that
    share it (`distribution.strategy`), and each computes its share in `micro_batches` parts.

    Raises:
        ValueError: a count is too small, or a rate is not a positive number.
    """

    batch_size: int = 32
    micro_batches: int = 1
    learning_rate: float | None
    optimizer: str = "adamw"
    seed: int = 0
    distribute: str = "none"
    steps_per_execution: int = 1
    xla: bool = False

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name not in _RATES and isinstance(value, int) and not isinstance(value, bool):
                least = 0 if name in _FROM_ZERO else 1
                if value < least:
                    raise ValueError(f"{name} must be at least {least}; got {value}.")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0; got {self.learning_rate}.")

    def identity(self) -> dict[str, Any]:
        """What decides the result of a run, as JSON values."""
        return {name: value for name, value in asdict(self).items() if name not in _MEANS}

    def check_batch(self, devices: int) -> None:
        """Checks that a batch can be shared evenly.

        Args:
            devices: How many share it.

        Raises:
            ValueError: it cannot.
        """
        parts = devices * self.micro_batches
        if self.batch_size % parts:
            raise ValueError(
                f"batch_size must be a multiple of the {devices} devices times micro_batches "
                f"({parts}); got {self.batch_size}."
            )


@dataclass(frozen=True, kw_only=True)
class FinetuningOptions(RunOptions):
    """Settings of a fine-tuning run.

    It lasts `steps`, or `epochs` where those are not given, and warms up for `warmup_steps`, or
    for `warmup_share` of it.

    Raises:
        ValueError: a share is out of range, besides what `RunOptions` refuses.
    """

    learning_rate: float = 3e-5
    epochs: int = 2
    steps: int | None = None
    saves_per_epoch: int = 1
    warmup_share: float = 0.1
    warmup_steps: int | None = None
    dropout: float | None = None  # of the backbone; None leaves it as pretrained
    head_dropout: float | None = None  # before the head; None leaves it as the head has it
    patience: int | None = None  # saves without a better score before the run stops
    layer_decay: float = 1.0  # of the rate, from the head down; 1 for one rate everywhere
    lora: int | None = None  # rank of the adapters that are trained in place of the backbone
    new_head: bool = False
    new_pooler: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dropout", "head_dropout"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1; got {value}.")
        if not 0 <= self.warmup_share <= 1:
            raise ValueError(f"warmup_share must be from 0 to 1; got {self.warmup_share}.")
        if not 0 < self.layer_decay <= 1:
            raise ValueError(f"layer_decay must be above 0 and at most 1; got {self.layer_decay}.")

    def length(self, steps_per_epoch: int) -> tuple[int, int]:
        """Steps of the run, and of its warm-up."""
        steps = self.steps or self.epochs * steps_per_epoch
        warmup = self.warmup_steps
        return steps, round(self.warmup_share * steps) if warmup is None else warmup
