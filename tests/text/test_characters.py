"""Characters are of the kinds that the released vocabularies were made with."""

import pytest

from albert_tf.text.characters import is_cjk, is_control, is_punctuation


@pytest.mark.parametrize("character", ["$", "^", "`", "~", "-", "\u00bf", "\u3002", "\u2014"])
def test_marks_are_punctuation(character: str) -> None:
    assert is_punctuation(character)


@pytest.mark.parametrize("character", ["a", "9", " ", "\u00e9", "\uac00", "\u20ac", "\u00b0"])
def test_letters_digits_and_other_symbols_are_not(character: str) -> None:
    assert not is_punctuation(character)


def test_ideographs_are_cjk_and_alphabets_are_not() -> None:
    assert is_cjk("\u4e2d")
    assert is_cjk("\U00020000")
    assert not any(map(is_cjk, ("a", "\uac00", "\u3042")))


def test_tabs_and_lines_are_space_but_zero_width_marks_are_dropped() -> None:
    assert not any(map(is_control, "\t\n\r a"))
    assert all(map(is_control, "\0\ufffd\u200d\x07"))
