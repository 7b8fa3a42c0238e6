"""The shape of one ALBERT, read from and written to the official `albert_config.json`.

The first thing every step needs and the only thing `layers` takes from us.

Shape letters: V vocabulary, E embedding, H hidden, L layers, A heads, T tokens.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from albert_tf.json_file import read_json_object

# Keys of the released files that switch off experiments which were never released;
# a file that sets one to anything else describes a model this package cannot build.
_INERT_KEYS: dict[str, Any] = {
    "down_scale_factor": 1,
    "gap_size": 0,
    "ln_type": "postln",
    "net_structure_type": 0,
    "num_memory_blocks": 0,
}
_ACTIVATIONS = ("gelu", "gelu_erf", "relu")
# Keys without which a file describes no model; defaults differ from one code to the next.
_REQUIRED = (
    "vocab_size",
    "embedding_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
)
SHARING = ("all", "attention", "ffn", "none")


@dataclass(frozen=True)
class AlbertConfig:
    """Sizes and rates of one model, under the names of the official file.

    `hidden_act` is "gelu" for the tanh approximation that ALBERT was released with,
    "gelu_erf" for the exact one, or "relu".

    `parameter_sharing` says which half of a layer all L applications share: "all" of it,
    its "attention", its feed-forward network ("ffn"), or "none". What is shared is shared
    within each of `num_hidden_groups` groups. It is the one key that the official file does
    not have, and is written only if it is not "all".

    Raises:
        ValueError: a size is not positive, a rate is outside [0, 1), or two sizes do
            not fit each other.

    Source: google-research/albert modeling.py, AlbertConfig.

    >>> AlbertConfig.named("albert_base").num_hidden_layers
    12
    >>> AlbertConfig(hidden_size=100, num_attention_heads=3)
    Traceback (most recent call last):
        ...
    ValueError: hidden_size must be a multiple of num_attention_heads; got 100 and 3.
    """

    vocab_size: int = 30_000
    embedding_size: int = 128
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_hidden_groups: int = 1
    inner_group_num: int = 1
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.0
    attention_probs_dropout_prob: float = 0.0
    initializer_range: float = 0.02
    parameter_sharing: str = "all"

    def __post_init__(self) -> None:
        self._check_numbers()
        for whole, part in (
            ("hidden_size", "num_attention_heads"),
            ("num_hidden_layers", "num_hidden_groups"),
        ):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(
                    f"{whole} must be a multiple of {part}; "
                    f"got {getattr(self, whole)} and {getattr(self, part)}."
                )
        for name, known in (("hidden_act", _ACTIVATIONS), ("parameter_sharing", SHARING)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}."
                )
        if self.parameter_sharing == "none" and self.num_hidden_groups > 1:
            raise ValueError(
                f"num_hidden_groups must be 1 where parameter_sharing is none, which shares "
                f"nothing to group; got {self.num_hidden_groups}."
            )

    def _check_numbers(self) -> None:
        numbers = asdict(self)
        del numbers["hidden_act"], numbers["parameter_sharing"]
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be a number; got {value!r}.")
            if name.endswith("_prob"):
                if not 0 <= value < 1:
                    raise ValueError(f"{name} must be at least 0 and below 1; got {value}.")
            elif name == "initializer_range":
                if not 0 < value < math.inf:
                    raise ValueError(f"{name} must be a number above 0; got {value}.")
            elif not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1; got {value}.")

    @property
    def head_size(self) -> int:
        """Width of one attention head, H / A."""
        return self.hidden_size // self.num_attention_heads

    @property
    def attention_groups(self) -> int:
        """How many attention blocks of their own there are; L where they are not shared."""
        shared = self.parameter_sharing in {"all", "attention"}
        return self.num_hidden_groups if shared else self.num_hidden_layers

    @property
    def feed_forward_groups(self) -> int:
        """How many feed-forward blocks of their own there are; L where they are not shared."""
        shared = self.parameter_sharing in {"all", "ffn"}
        return self.num_hidden_groups if shared else self.num_hidden_layers

    @classmethod
    def named(cls, size: str, **changes: Any) -> AlbertConfig:
        """Returns a named size, with `changes` applied.

        Args:
            size: One of `sizes()`.
            **changes: Fields to replace, such as `vocab_size`.

        Raises:
            ValueError: the size is not known, or the changes do not fit it.

        Source: ALBERT (arXiv:1909.11942) table 1 for albert_*; BERT
            (arXiv:1810.04805) section 3 for bert_*.
        """
        if size not in _SIZES:
            raise ValueError(f"unknown size {size!r}; choose one of {', '.join(_SIZES)}.")
        return replace(_SIZES[size], **changes)

    @staticmethod
    def sizes() -> tuple[str, ...]:
        """Names that `named` takes."""
        return tuple(_SIZES)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "config") -> AlbertConfig:
        """Builds a config from official keys and refuses every other key.

        Args:
            values: Keys and values of an `albert_config.json`; the sizes of the model are
                not guessed where they are missing.
            source: What to call the origin in an error.

        Raises:
            ValueError: an unknown key, a missing size, or a value this package cannot build.
        """
        values = dict(values)
        for key, inert in _INERT_KEYS.items():
            if values.pop(key, inert) != inert:
                raise ValueError(f"{source} sets {key}, which must be {inert!r} or absent.")
        unknown = values.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"{source} has unknown keys {sorted(unknown)}.")
        missing = [name for name in _REQUIRED if name not in values]
        if missing:
            raise ValueError(f"{source} lacks {', '.join(missing)}.")
        try:
            return cls(**values)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error

    @classmethod
    def read(cls, path: str | Path) -> AlbertConfig:
        """Reads an official `albert_config.json`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not a JSON object, unknown keys, or impossible values.
        """
        return cls.from_dict(read_json_object(path), source=str(path))

    def write(self, path: str | Path) -> None:
        """Writes the official file; `read` gives an equal config back."""
        values = asdict(self)
        if self.parameter_sharing == "all":
            del values["parameter_sharing"]
        Path(path).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


_SIZES = {
    "albert_base": AlbertConfig(),
    "albert_large": AlbertConfig(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096
    ),
    "albert_xlarge": AlbertConfig(
        hidden_size=2048, num_hidden_layers=24, num_attention_heads=16, intermediate_size=8192
    ),
    "albert_xxlarge": AlbertConfig(
        hidden_size=4096, num_hidden_layers=12, num_attention_heads=64, intermediate_size=16384
    ),
    "bert_base": AlbertConfig(
        vocab_size=30_522,
        embedding_size=768,
        parameter_sharing="none",
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    ),
    "bert_large": AlbertConfig(
        vocab_size=30_522,
        embedding_size=1024,
        hidden_size=1024,
        num_hidden_layers=24,
        parameter_sharing="none",
        num_attention_heads=16,
        intermediate_size=4096,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    ),
    "albert_tiny": AlbertConfig(
        hidden_size=312, num_hidden_layers=4, num_attention_heads=12, intermediate_size=1248
    ),
    # Three layers and wide initial weights: as small as learns to answer within minutes.
    "demo": AlbertConfig(
        vocab_size=400,
        embedding_size=64,
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=128,
        initializer_range=0.08,
    ),
}
