"""The encoder equals the published equations, however its layers are grouped."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.layers.encoder import AlbertEncoder
from albert_tf.layers.encoder_layer import AttentionBlock, FeedForwardBlock
from tests.conftest import TINY
from tests.layers.reference import numpy_dense, numpy_gelu, numpy_norm, randomized

B, T = 3, 7
RNG = np.random.default_rng(0)
MASK = np.array([[1] * 7, [1] * 5 + [0] * 2, [1] + [0] * 6], np.int32)
X = RNG.normal(size=(B, T, TINY.hidden_size)).astype(np.float32)


def numpy_encoder(encoder: AlbertEncoder, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Every application written out: which blocks it uses, and what they compute."""
    config = encoder.config
    last = config.num_hidden_layers - 1
    for application in range(config.num_hidden_layers):
        # Block 0 when shared by all, block `application` when by none.
        attention = encoder.attention[round(application * (len(encoder.attention) - 1) / last)]
        wide = encoder.feed_forward[round(application * (len(encoder.feed_forward) - 1) / last)]
        for inner in range(config.inner_group_num):
            x = numpy_attention(attention[inner], config, x, mask)
            x = numpy_feed_forward(wide[inner], x)
    return x


def numpy_attention(
    block: AttentionBlock, config: AlbertConfig, x: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    attention = block.attention
    out = np.zeros_like(x)
    for head in range(config.num_attention_heads):
        part = slice(head * config.head_size, (head + 1) * config.head_size)
        query, key, value = (
            numpy_dense(x, dense)[..., part]
            for dense in (attention.query, attention.key, attention.value)
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(config.head_size)
        scores = np.where(mask[:, None, :] == 1, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out[..., part] = weights / weights.sum(-1, keepdims=True) @ value
    return numpy_norm(x + numpy_dense(out, attention.output_projection), block.norm)


def numpy_feed_forward(block: FeedForwardBlock, x: np.ndarray) -> np.ndarray:
    wide = numpy_gelu(numpy_dense(x, block.intermediate))
    return numpy_norm(x + numpy_dense(wide, block.output_projection), block.norm)


SHAPES = [
    {"parameter_sharing": "all"},
    {"parameter_sharing": "attention"},
    {"parameter_sharing": "ffn"},
    {"parameter_sharing": "none"},
    {"num_hidden_groups": 3},
    {"inner_group_num": 2},
    {"parameter_sharing": "ffn", "inner_group_num": 2},
]


@pytest.mark.parametrize("changes", SHAPES, ids=str)
@pytest.mark.parametrize("unroll", [True, False])
def test_the_encoder_equals_the_equations(changes: dict[str, Any], unroll: bool) -> None:
    encoder = AlbertEncoder(replace(TINY, **changes), unroll=unroll)
    encoder(X, MASK)
    randomized(encoder)
    expected = numpy_encoder(encoder, X.astype(np.float64), MASK)
    # Six normalized float32 layers at most; a nudged weight below moves 1000 times as much.
    np.testing.assert_allclose(encoder(X, MASK), expected, atol=3e-5)
    for block in (encoder.attention[-1][-1].attention.value, encoder.feed_forward[-1][-1].norm):
        bias = block.weights[-1]
        bias.assign(np.asarray(bias) + 0.1)
        assert np.abs(np.asarray(encoder(X, MASK)) - expected).max() > 3e-3


def test_groups_are_applied_one_after_the_other() -> None:
    encoder = AlbertEncoder(replace(TINY, num_hidden_layers=4, num_hidden_groups=2))
    encoder(X, MASK)
    randomized(encoder)
    (first,), (second,) = (
        zip(encoder.attention[0], encoder.feed_forward[0], strict=True),
        zip(encoder.attention[1], encoder.feed_forward[1], strict=True),
    )
    expected = X.astype(np.float64)
    for attention, feed_forward in (first, first, second, second):
        expected = numpy_attention(attention, encoder.config, expected, MASK)
        expected = numpy_feed_forward(feed_forward, expected)
    np.testing.assert_allclose(encoder(X, MASK), expected, atol=3e-5)


@pytest.mark.parametrize("changes", [*SHAPES, {"num_hidden_layers": 1}], ids=str)
@pytest.mark.parametrize("unroll", [True, False])
def test_wanted_places_are_the_rows_of_the_whole(changes: dict[str, Any], unroll: bool) -> None:
    encoder = AlbertEncoder(replace(TINY, **changes), unroll=unroll)
    encoder(X, MASK)
    randomized(encoder)
    whole = np.asarray(encoder(X, MASK))
    positions = np.array([[0, 6], [3, 3], [0, 1]], np.int32)
    rows = np.asarray(encoder(X, MASK, positions))
    expected = np.stack([whole[row, positions[row]] for row in range(B)])
    # The same products, summed by a kernel for other sizes.
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    assert np.abs(rows - expected[::-1]).max() > 1e-2


@pytest.mark.parametrize("unroll", [True, False])
def test_the_last_application_computes_the_wanted_places_alone(unroll: bool) -> None:
    encoder = AlbertEncoder(TINY, unroll=unroll)

    def rows(*positions: tf.Tensor) -> list[int]:
        """How many places the feed-forward halves that stand in the main graph compute."""
        graph = tf.function(lambda: encoder(X, MASK, *positions)).get_concrete_function().graph
        shapes = [o.outputs[0].shape for o in graph.get_operations() if o.type == "MatMul"]
        return [int(shape[0]) for shape in shapes if shape[1] == TINY.intermediate_size]

    laid_out = [X.shape[0] * X.shape[1]] * TINY.num_hidden_layers if unroll else []
    assert rows() == laid_out
    assert rows(tf.zeros([B, 2], tf.int32)) == [*laid_out[:-1], B * 2]


def two_steps(encoder: AlbertEncoder, xla: bool | None) -> list[np.ndarray]:
    """Output and gradients, twice; as a graph, compiled or not, unless `xla` is None."""

    def step() -> Any:
        with tf.GradientTape() as tape:
            y = encoder(X, MASK, training=True)
            loss = tf.reduce_sum(y**3)
        return y, *tape.gradient(loss, [v.value for v in encoder.trainable_variables])

    run = step if xla is None else tf.function(step, jit_compile=xla)
    return [np.asarray(array) for array in (*run(), *run())]


def furthest(first: list[np.ndarray], second: list[np.ndarray]) -> float:
    return max(np.abs(one - two).max() for one, two in zip(first, second, strict=True))


@pytest.mark.parametrize(
    "xla", [None, *(pytest.param(xla, marks=pytest.mark.slow) for xla in (False, True))]
)
def test_rematerialized_gradients_are_the_same_dropout_included(xla: bool | None) -> None:
    config = replace(TINY, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.3)
    plain, thrifty = AlbertEncoder(config), AlbertEncoder(config, remat=True)
    for encoder in (plain, thrifty):
        encoder(X, MASK)
    start = [variable.numpy() for variable in plain.variables]  # where dropout begins as well
    for variable, value in zip(thrifty.variables, start, strict=True):
        variable.assign(value)
    expected = two_steps(plain, xla)
    # float32 in other kernels; the gradients are sums of up to some hundreds.
    assert furthest(two_steps(thrifty, xla), expected) < 1e-3
    for variable, value in zip(thrifty.variables, start, strict=True):
        variable.assign(value + 1 if "seed" in variable.path else value)
    assert furthest(two_steps(thrifty, xla), expected) > 1  # the control: other places dropped


def test_padding_never_reaches_a_real_token() -> None:
    encoder = AlbertEncoder(TINY)
    changed = np.where(MASK[..., None] == 1, X, 99.0).astype(np.float32)
    real = MASK == 1
    first, second = np.asarray(encoder(X, MASK)), np.asarray(encoder(changed, MASK))
    np.testing.assert_allclose(first[real], second[real], atol=1e-6)


def test_what_is_shared_is_stored_once() -> None:
    counts = {}
    for sharing in ("all", "attention", "ffn", "none"):
        encoder = AlbertEncoder(replace(TINY, parameter_sharing=sharing))
        encoder(X, MASK)
        counts[sharing] = encoder.count_params()
    extra = {sharing: count - counts["all"] for sharing, count in counts.items()}
    assert counts["none"] == 3 * counts["all"]
    assert extra["attention"] + extra["ffn"] == extra["none"]
    h, f = TINY.hidden_size, TINY.intermediate_size
    assert extra["attention"] == 2 * (h * f + f + f * h + h + 2 * h)  # two more feed-forward blocks
