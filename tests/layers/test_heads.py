"""The heads equal their equations."""

import numpy as np

from albert_tf.layers.embeddings import FactorizedEmbedding
from albert_tf.layers.heads import MaskedLMHead, Pooler
from tests.conftest import TINY
from tests.layers.reference import numpy_dense, numpy_gelu, numpy_norm, randomized

B, T = 3, 7
X = np.random.default_rng(0).normal(size=(B, T, TINY.hidden_size)).astype(np.float32)
TOKENS = np.zeros((B, T), np.int32)


def test_the_pooler_reads_the_first_token() -> None:
    pooler = Pooler(TINY)
    pooler(X)
    randomized(pooler)
    # float32 against float64; sums of 26 terms, then tanh.
    np.testing.assert_allclose(pooler(X), np.tanh(numpy_dense(X[:, 0], pooler.dense)), atol=1e-5)
    assert not np.allclose(pooler(X), np.tanh(numpy_dense(X[:, 1], pooler.dense)), atol=1e-2)


def test_the_masked_head_scores_each_place_with_the_table() -> None:
    embedding = FactorizedEmbedding(TINY)
    embedding(TOKENS, TOKENS * 0)
    head = MaskedLMHead(TINY, embedding.token)
    head(X)
    randomized(head)
    hidden = numpy_norm(numpy_gelu(numpy_dense(X.astype(np.float64), head.dense)), head.norm)
    expected = hidden @ np.asarray(embedding.token.embeddings).T + np.asarray(head.bias)
    np.testing.assert_allclose(head(X), expected, atol=1e-5)
    assert not np.allclose(head(X[::-1]), expected, atol=1e-2)
