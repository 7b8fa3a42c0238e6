"""Tensors go into a model all or none, and come out as they went in."""

import keras
import numpy as np
import pytest

from albert_tf.models.checkpoints.tensors import CheckpointMismatch, Place, assign, collect

RNG = np.random.default_rng(0)


def places() -> list[Place]:
    return [
        Place("plain", keras.Variable(np.zeros((2, 3)))),
        Place("turned", keras.Variable(np.zeros((2, 3))), transposed=True),
        Place("heads", keras.Variable(np.zeros((5, 6))), shape=(5, 2, 3)),
    ]


def tensors() -> dict[str, np.ndarray]:
    shapes = {"plain": (2, 3), "turned": (3, 2), "heads": (5, 2, 3)}
    return {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_what_goes_in_comes_out() -> None:
    stored, into = tensors(), places()
    assign(into, stored, "file")
    np.testing.assert_array_equal(into[1].variable, stored["turned"].T)
    np.testing.assert_array_equal(into[2].variable, stored["heads"].reshape(5, 6))
    for name, tensor in collect(into).items():
        np.testing.assert_array_equal(tensor, stored[name])
        assert tensor.flags["C_CONTIGUOUS"]


def test_nothing_is_set_where_something_does_not_fit() -> None:
    stored, into = tensors(), places()
    stored["turned"] = stored["turned"].T.copy()
    stored["heads"][0, 0, 0] = np.nan
    stored["extra"] = stored.pop("plain")
    with pytest.raises(CheckpointMismatch) as raised:
        assign(into, stored, "file")
    assert str(raised.value) == (
        "file does not fit its config: missing plain; unexpected extra; "
        "turned has shape (2, 3), expected (3, 2); heads has values that are not finite."
    )
    assert all(float(np.abs(place.variable).max()) == 0 for place in into)


def test_derived_tensors_may_be_there() -> None:
    stored = {**tensors(), "positions": np.arange(3.0, dtype=np.float32)}
    assign(places(), stored, "file", derived=["positions"])
    with pytest.raises(CheckpointMismatch, match="unexpected positions"):
        assign(places(), stored, "file")
