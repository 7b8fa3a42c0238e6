"""What pretraining and fine-tuning runs are both told.

[options.RunOptions]  ->  pretrain, finetune
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

# Counts that may be zero.
_FROM_ZERO = ("seed", "warmup_steps")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Settings of any run; its kinds add their own.

    Raises:
        ValueError: a count is too small, or a rate is not a positive number.
    """

    batch_size: int = 32
    learning_rate: float
    optimizer: str = "adamw"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, int):
                least = 0 if name in _FROM_ZERO else 1
                if value < least:
                    raise ValueError(f"{name} must be at least {least}; got {value}.")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0; got {self.learning_rate}.")
