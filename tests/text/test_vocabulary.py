"""A trained vocabulary has ALBERT's special ids and stores its own cleaning."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from albert_tf.text import vocabulary as vocabulary_module
from albert_tf.text.encoding import SpecialIds
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
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


@pytest.mark.slow
def test_long_lines_are_learned_like_short_ones(stories: list[list[str]], tmp_path: Path) -> None:
    """Though a syllable takes nine bytes once it is decomposed, and the trainer a million."""
    lines = [line for story in stories for line in story]
    train_vocabulary([*lines, "\uc608 \uac01 " * 60_000], tmp_path, vocab_size=120)
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.special.unk not in tokenizer.encode("\uc608 \uac01").token_ids
    assert tokenizer.special.unk in tokenizer.encode("\ub9cc").token_ids  # the control


def test_long_texts_are_cut_at_spaces_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_module, "_LONGEST_PART", 7)
    text = "Mina found a lamp, unfortunately."
    parts = list(vocabulary_module._parts([text, "so"], []))
    assert "".join(parts[:-1]) == text
    assert all(len(part) <= 7 for part in parts)
    assert {"Mina", " found", "so"} <= set(parts)


@pytest.mark.parametrize("error", [OSError("a damaged file"), KeyboardInterrupt(), SystemExit(143)])
def test_what_ends_the_text_is_what_is_raised(tmp_path: Path, error: BaseException) -> None:
    def lines() -> Iterator[str]:
        yield "Mina found a lamp."
        raise error

    with pytest.raises(type(error)) as caught:
        train_vocabulary(lines(), tmp_path, vocab_size=50)
    assert caught.value is error
    assert not list(tmp_path.iterdir())
