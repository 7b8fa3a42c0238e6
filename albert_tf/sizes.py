"""How large and how slow a model is, counted from its config alone.

config  ->  [sizes.measure]  ->  albert-tf sizes

Shape letters: V vocabulary, E embedding, H hidden, F feed-forward, L layers, T tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from albert_tf.config import AlbertConfig

_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Size:
    """What one model weighs and what one token costs."""

    name: str
    parameters: int  # of the backbone, pooler included
    memory_mb: float  # of those in float32, 10^6 bytes
    mflops_128: float  # per token of a sequence of 128, forward, 10^6; a product and sum are 2
    mflops_512: float  # per token of a sequence of 512
    parameters_vs_bert: float  # bert_base is 1
    flops_vs_bert: float  # at 128 tokens; bert_base is 1


def measure(name: str, config: AlbertConfig) -> Size:
    """Sizes up one config beside bert_base."""
    bert = AlbertConfig.named("bert_base")
    return Size(
        name=name,
        parameters=count_parameters(config),
        memory_mb=count_parameters(config) * _FLOAT_BYTES / 1e6,
        mflops_128=flops_per_token(config, 128) / 1e6,
        mflops_512=flops_per_token(config, 512) / 1e6,
        parameters_vs_bert=count_parameters(config) / count_parameters(bert),
        flops_vs_bert=flops_per_token(config, 128) / flops_per_token(bert, 128),
    )


def named_sizes() -> list[Size]:
    """Every size that `AlbertConfig.named` knows."""
    return [measure(name, AlbertConfig.named(name)) for name in AlbertConfig.sizes()]


def sharing_sizes() -> list[Size]:
    """albert_base by what is shared and by E: the models of the paper's tables 3 and 4."""
    base = AlbertConfig.named("albert_base")
    return [
        measure(
            f"share {sharing}, E {embedding_size}",
            replace(base, parameter_sharing=sharing, embedding_size=embedding_size),
        )
        for sharing in ("all", "attention", "ffn", "none")
        for embedding_size in (64, 128, 256, 768)
    ]


def count_parameters(config: AlbertConfig, *, pooler: bool = True) -> int:
    """Weights of the backbone.

    Args:
        config: Any.
        pooler: Whether to count the pooler's.
    """
    e, h, f = config.embedding_size, config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    embedding = rows * e + 2 * e + (0 if e == h else _dense(e, h))
    attention = 4 * _dense(h, h) + 2 * h
    feed_forward = _dense(h, f) + _dense(f, h) + 2 * h
    layers = config.attention_groups * attention + config.feed_forward_groups * feed_forward
    return embedding + config.inner_group_num * layers + (_dense(h, h) if pooler else 0)


def flops_per_token(config: AlbertConfig, sequence_length: int) -> int:
    """Floating-point operations of the backbone's matrix products, forward, per token.

    What is shared is stored once and computed every time, so sharing is not in here.

    Args:
        config: Any.
        sequence_length: T, on which attention depends.
    """
    e, h, f = config.embedding_size, config.hidden_size, config.intermediate_size
    products = 4 * h * h + 2 * h * f  # query, key, value, output; both feed-forward layers
    attention = 2 * sequence_length * h  # scores, and the sum they weigh
    applied = config.num_hidden_layers * config.inner_group_num
    projection = 0 if e == h else e * h
    return 2 * (projection + applied * (products + attention))


def _dense(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs
