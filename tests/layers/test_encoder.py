"""The encoder equals the published equations, however its layers are grouped."""

import math

import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.layers.encoder import AlbertEncoder
from tests.conftest import TINY
from tests.layers.reference import numpy_dense, numpy_gelu, numpy_norm, randomized

B, T = 3, 7
RNG = np.random.default_rng(0)
MASK = np.array([[1] * 7, [1] * 5 + [0] * 2, [1] + [0] * 6], np.int32)
X = RNG.normal(size=(B, T, TINY.hidden_size)).astype(np.float32)


def numpy_encoder(encoder: AlbertEncoder, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    config = encoder.config
    for group in encoder.groups:
        for layer in group * config.repeats_per_group:
            attention = layer.attention
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
            x = numpy_norm(x + numpy_dense(out, attention.output_projection), layer.attention_norm)
            wide = numpy_gelu(numpy_dense(x, layer.intermediate))
            x = numpy_norm(x + numpy_dense(wide, layer.output_projection), layer.output_norm)
    return x


@pytest.mark.parametrize(("groups", "inner"), [(1, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("unroll", [True, False])
def test_the_encoder_equals_the_equations(groups: int, inner: int, unroll: bool) -> None:
    config = AlbertConfig.from_dict({
        **TINY.__dict__,
        "num_hidden_groups": groups,
        "inner_group_num": inner,
    })
    encoder = AlbertEncoder(config, unroll=unroll)
    encoder(X, MASK)
    randomized(encoder)
    expected = numpy_encoder(encoder, X.astype(np.float64), MASK)
    # Six normalized float32 layers at most; a nudged weight below moves 1000 times as much.
    np.testing.assert_allclose(encoder(X, MASK), expected, atol=3e-5)
    dense = encoder.groups[0][0].intermediate
    dense.bias.assign(np.asarray(dense.bias) + 0.1)
    assert np.abs(np.asarray(encoder(X, MASK)) - expected).max() > 3e-3


def test_padding_never_reaches_a_real_token() -> None:
    encoder = AlbertEncoder(TINY)
    changed = np.where(MASK[..., None] == 1, X, 99.0).astype(np.float32)
    real = MASK == 1
    first, second = np.asarray(encoder(X, MASK)), np.asarray(encoder(changed, MASK))
    np.testing.assert_allclose(first[real], second[real], atol=1e-6)


def test_one_layer_is_stored_however_often_it_is_applied() -> None:
    shared, unshared = (
        AlbertEncoder(AlbertConfig.from_dict({**TINY.__dict__, "num_hidden_groups": groups}))
        for groups in (1, 3)
    )
    shared(X, MASK)
    unshared(X, MASK)
    assert 3 * shared.count_params() == unshared.count_params()
