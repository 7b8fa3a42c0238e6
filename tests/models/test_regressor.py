"""A regressor learns numbers by their squared error, in parts as in whole batches."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.regressor import AlbertTextRegressor
from tests.conftest import TINY
from tests.models.test_models import INPUTS, build

STILL = replace(TINY, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def test_a_regressor_learns_numbers_by_their_squared_error() -> None:
    model, inputs = build(AlbertTextRegressor)
    model.compile(keras.optimizers.Adam(0.01))
    scores = np.array([0.5, 4.0, 2.5], np.float32)
    found = np.asarray(model(inputs)["score"], np.float64)
    weights = np.array([1.0, 0.0, 3.0])
    results = model.evaluate(
        inputs, {"score": scores}, sample_weight=weights, verbose=0, return_dict=True
    )
    expected = (weights * (scores - found) ** 2).sum() / weights.sum()
    assert results == {"loss": pytest.approx(expected, rel=1e-5)}
    even = model.evaluate(inputs, scores, verbose=0, return_dict=True)["loss"]
    assert even == pytest.approx(((scores - found) ** 2).mean(), rel=1e-5)
    model.fit(inputs, scores, epochs=150, verbose=0)
    np.testing.assert_allclose(model(inputs)["score"], scores, atol=0.3)  # dropout was on


@pytest.mark.slow
def test_micro_batches_of_numbers_update_as_the_whole_batch() -> None:
    after = []
    for parts in (1, 3):
        keras.utils.set_random_seed(0)
        model = AlbertTextRegressor(AlbertBackbone(STILL), dropout=0.0)
        model.compile("sgd", micro_batches=parts)
        before = np.asarray(model.head.kernel)
        model.train_on_batch(INPUTS, np.array([0.5, 4.0, 2.5], np.float32))
        after.append(np.asarray(model.head.kernel))
    np.testing.assert_allclose(after[0], after[1], rtol=1e-5, atol=1e-7)  # sums in order
    assert np.abs(after[0] - before).max() > 1e-3  # the control
