"""A trained vocabulary has ALBERT's special ids and stores its own cleaning."""

from pathlib import Path

import pytest

from albert_tf.text.tokenizer import SpecialIds, Tokenizer, load_tokenizer
from albert_tf.text.vocabulary import train_vocabulary


def test_special_ids_are_those_of_the_release(tokenizer: Tokenizer) -> None:
    assert tokenizer.special == SpecialIds(pad=0, unk=1, cls=2, sep=3, mask=4)


def test_case_is_ignored_unless_asked_for(
    tokenizer: Tokenizer, stories: list[list[str]], tmp_path: Path
) -> None:
    assert tokenizer.encode("THE LAMP").token_ids == tokenizer.encode("the lamp").token_ids
    lines = [line for story in stories for line in story]
    train_vocabulary(lines, tmp_path, vocab_size=120, cased=True)
    cased = load_tokenizer(tmp_path)
    assert cased.encode("There").token_ids != cased.encode("there").token_ids


def test_no_text_is_an_error_that_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the text gave no vocabulary of 50 pieces"):
        train_vocabulary([], tmp_path / "out", vocab_size=50)
    assert not (tmp_path / "out").exists()


def test_a_vocabulary_is_never_overwritten(vocabulary: Path) -> None:
    before = (vocabulary / "spiece.model").read_bytes()
    with pytest.raises(FileExistsError, match="models may depend on it; choose another folder"):
        train_vocabulary(["Another text."], vocabulary, vocab_size=50)
    assert (vocabulary / "spiece.model").read_bytes() == before
