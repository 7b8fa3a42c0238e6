"""Models take what Keras takes: arrays, and batches that are made one by one."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from tests.conftest import TINY
from tests.models.checkpoints.official import random_inputs

INPUTS = random_inputs(TINY)
LABELS = np.array([0, 3, 4], np.int32)


class Made(keras.utils.PyDataset):
    """Two batches, made one by one."""

    def __init__(self, *batch: Any) -> None:
        super().__init__()
        self.batch = batch

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return self.batch


def generated(*batch: Any) -> Iterator[Any]:
    yield from (batch, batch)


def classifier() -> AlbertTextClassifier:
    keras.utils.set_random_seed(0)
    model = AlbertTextClassifier(AlbertBackbone(TINY), num_classes=5)
    model.compile(keras.optimizers.SGD(0.1))
    return model


def furthest(model: AlbertTextClassifier, other: AlbertTextClassifier) -> float:
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


def test_batches_may_be_made_one_by_one() -> None:
    expected, *models, control = (classifier() for _ in range(4))
    expected.fit(INPUTS, LABELS, epochs=2, shuffle=False, verbose=0)
    models[0].fit(Made(INPUTS, LABELS), shuffle=False, verbose=0)
    models[1].fit(generated(INPUTS, LABELS), steps_per_epoch=2, verbose=0)
    control.fit(Made(INPUTS, LABELS[::-1]), shuffle=False, verbose=0)
    assert max(furthest(model, expected) for model in models) < 1e-6
    assert furthest(control, expected) > 1e-3


@pytest.mark.slow
def test_the_size_of_batches_may_stand_third_as_in_keras() -> None:
    expected, found = classifier(), classifier()
    expected.fit(INPUTS, LABELS, batch_size=1, shuffle=False, verbose=0)
    found.fit(INPUTS, LABELS, 1, shuffle=False, verbose=0)
    assert furthest(found, expected) < 1e-6
    assert found.evaluate(INPUTS, LABELS, 1, verbose=0) == expected.evaluate(
        INPUTS, LABELS, batch_size=1, verbose=0
    )
    assert len(found.predict(INPUTS, 1, verbose=0)["logits"]) == len(LABELS)


@pytest.mark.parametrize("made", [Made, generated])
def test_scores_and_answers_are_those_of_arrays(made: Any) -> None:
    model = classifier()
    expected = model.evaluate(INPUTS, LABELS, verbose=0, return_dict=True)
    found = model.evaluate(made(INPUTS, LABELS), steps=2, verbose=0, return_dict=True)
    assert found == pytest.approx(expected, rel=1e-5)
    logits = model.predict(INPUTS, verbose=0)["logits"]
    found = model.predict(made(INPUTS), steps=2, verbose=0)["logits"]
    np.testing.assert_allclose(found, [*logits, *logits], rtol=1e-5)
    assert np.ptp(logits) > 0.01


@pytest.mark.parametrize("made", [pytest.param("training", marks=pytest.mark.slow), "validation"])
def test_what_is_watched_may_be_of_another_kind(made: str) -> None:
    model = classifier()
    arrays, batches = (INPUTS, LABELS), Made(INPUTS, LABELS)
    settings = {"epochs": 2, "shuffle": False, "verbose": 0}
    if made == "training":
        history = model.fit(batches, validation_data=arrays, **settings).history
    else:
        history = model.fit(*arrays, validation_data=batches, **settings).history
    last = model.evaluate(*arrays, verbose=0, return_dict=True)["loss"]
    assert history["val_loss"][-1] == pytest.approx(last, rel=1e-5)
    assert history["val_loss"][0] > 1.01 * last
