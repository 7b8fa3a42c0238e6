"""What pretraining and fine-tuning runs are both told.

[options.RunOptions]  ->  pretrain, finetune
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

# Counts that may be zero.
_FROM_ZERO = ("seed", "warmup_steps")
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
            if isinstance(value, int) and not isinstance(value, bool):
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
