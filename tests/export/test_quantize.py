"""Recipes are named; what they do to a model is tested in test_bundle."""

import pytest

from albert_tf.export.quantize import quantize


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown recipe 'int8'; choose one of float32, dynamic"):
        quantize(b"", "int8")


def test_float32_changes_nothing() -> None:
    assert quantize(b"model", "float32") == b"model"
