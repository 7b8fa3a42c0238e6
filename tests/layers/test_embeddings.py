"""The factorized embedding equals its equation."""

import numpy as np
import pytest

from albert_tf.layers.embeddings import FactorizedEmbedding
from tests.conftest import TINY
from tests.layers.reference import numpy_dense, numpy_norm, randomized

B, T = 3, 7
TOKENS = np.random.default_rng(0).integers(0, TINY.vocab_size, (B, T)).astype(np.int32)
SEGMENTS = (np.arange(T) >= 4).astype(np.int32)[None].repeat(B, 0)


def test_the_embedding_equals_the_equation() -> None:
    layer = FactorizedEmbedding(TINY)
    layer(TOKENS, SEGMENTS)
    randomized(layer)
    looked_up = (
        np.asarray(layer.token.embeddings)[TOKENS]
        + np.asarray(layer.position.embeddings)[:T]
        + np.asarray(layer.segment.embeddings)[SEGMENTS]
    )
    expected = numpy_dense(numpy_norm(looked_up, layer.norm), layer.projection)
    # float32 against float64; sums of 11 terms.
    np.testing.assert_allclose(layer(TOKENS, SEGMENTS), expected, atol=1e-5)


def test_the_segment_matters_to_the_embedding() -> None:
    layer = FactorizedEmbedding(TINY)
    assert not np.allclose(layer(TOKENS, SEGMENTS), layer(TOKENS, 0 * SEGMENTS), atol=1e-4)


def test_more_tokens_than_positions_are_an_error_and_not_zeros() -> None:
    layer = FactorizedEmbedding(TINY)
    longest = np.ones((1, TINY.max_position_embeddings), np.int32)
    assert np.isfinite(layer(longest, longest)).all()
    longer = np.ones((1, TINY.max_position_embeddings + 1), np.int32)
    with pytest.raises(ValueError, match=r"at most max_position_embeddings \(64\) long; got 65"):
        layer(longer, longer)
