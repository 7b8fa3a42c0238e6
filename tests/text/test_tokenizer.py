"""Both vocabularies give ids, pieces, spans and word starts; text never makes a special token."""

import unicodedata
from pathlib import Path

import pytest

from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.wordpiece import WordPieceTokenizer

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "lamp", "##s", "caf", "##e",
          ".", "漢", "字", "하", "##다"]  # fmt: skip


@pytest.fixture
def wordpiece(tmp_path: Path) -> WordPieceTokenizer:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    return WordPieceTokenizer(tmp_path / "vocab.txt")


def test_wordpiece_takes_the_longest_piece_first(wordpiece: WordPieceTokenizer) -> None:
    encoding = wordpiece.encode("The lamps.")
    assert encoding.pieces == ["the", "lamp", "##s", "."]
    assert encoding.word_starts == [True, True, False, True]
    assert encoding.token_ids == [5, 6, 7, 10]


@pytest.mark.parametrize("text", ["CAFÉS the lamp", "cafe\u0301s  the\tlamp", " the 漢字lamp. "])
def test_spans_cut_the_original_text(wordpiece: WordPieceTokenizer, text: str) -> None:
    encoding = wordpiece.encode(text)
    for piece, (start, end) in zip(encoding.pieces, encoding.spans, strict=True):
        plain = unicodedata.normalize("NFD", text[start:end].lower())
        cleaned = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
        recovered = unicodedata.normalize("NFC", cleaned)
        assert recovered == unicodedata.normalize("NFC", piece.removeprefix("##"))


def test_kept_accents_keep_hangul_whole(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"strip_accents": false}')
    assert load_tokenizer(tmp_path).encode("하다 하다").pieces == ["하", "##다", "하", "##다"]


def test_options_that_are_not_true_or_false_are_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": "yes"}')
    with pytest.raises(ValueError, match="do_lower_case must be true or false; got 'yes'"):
        load_tokenizer(tmp_path)


def test_a_mark_that_loses_its_accent_is_alone(tmp_path: Path) -> None:
    """As in the official code, which drops accents before it looks for marks."""
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nb\n=\n##=\n")
    stripping = WordPieceTokenizer(tmp_path / "vocab.txt")
    assert stripping.encode("a\u2260b").pieces == stripping.encode("a=b").pieces == ["a", "=", "b"]
    options = tmp_path / "tokenizer_config.json"
    options.write_text('{"strip_accents": false}')
    keeping = WordPieceTokenizer(tmp_path / "vocab.txt")
    assert keeping.encode("a\u2260b").pieces == ["[UNK]"]


def test_an_unknown_word_is_one_piece_with_its_whole_span(wordpiece: WordPieceTokenizer) -> None:
    encoding = wordpiece.encode("the zebra")
    assert encoding.token_ids == [5, 1]
    assert encoding.spans[1] == (4, 9)


def test_a_word_of_a_million_letters_is_unknown_at_once(wordpiece: WordPieceTokenizer) -> None:
    assert wordpiece.encode("a" * 1_000_000).pieces == ["[UNK]"]


@pytest.mark.slow
def test_a_line_of_ten_megabytes_is_read_to_its_end(tokenizer: Tokenizer) -> None:
    text = "the lamp " * 1_111_111
    (ids,) = tokenizer.encode_ids([text])
    assert ids == tokenizer.encode_ids(["the lamp"])[0] * 1_111_111
    assert tokenizer.encode(text).spans[-1][1] == len(text) - 1


def test_half_a_character_is_refused_by_sentencepiece_and_dropped_by_wordpiece(
    wordpiece: WordPieceTokenizer, tokenizer: Tokenizer
) -> None:
    for read in (tokenizer.encode, lambda text: tokenizer.encode_ids([text])):
        with pytest.raises(ValueError, match="Unicode characters without lone surrogates"):
            read("the \ud83d lamp")
    assert wordpiece.encode_ids(["the \ud83d lamp\0"]) == wordpiece.encode_ids(["the lamp"])


@pytest.mark.parametrize("typed", ["[CLS]", "[SEP]", "[MASK]", "<pad>"])
def test_typed_special_tokens_stay_text(
    wordpiece: WordPieceTokenizer, tokenizer: Tokenizer, typed: str
) -> None:
    for reader in (wordpiece, tokenizer):
        special = {reader.special.cls, reader.special.sep, reader.special.mask, reader.special.pad}
        assert not special & set(reader.encode(f"the {typed} lamp").token_ids)


def test_sentencepiece_spans_cut_the_original_text(tokenizer: Tokenizer) -> None:
    text = "At  dawn MINA was in the Kitchen."
    encoding = tokenizer.encode(text)
    joined = "".join(text[start:end] for start, end in encoding.spans)
    assert joined == text.replace(" ", "")
    words = [place for place, start in enumerate(encoding.word_starts) if start]
    assert len(words) == len(text.split()) + 1  # the full stop begins a word too


def test_both_survive_saving(
    wordpiece: WordPieceTokenizer, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    for name, reader in (("wordpiece", wordpiece), ("sentencepiece", tokenizer)):
        files = reader.save(tmp_path / name)
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == sorted(files)
        again = load_tokenizer(tmp_path / name)
        assert again.encode("The lamps.") == reader.encode("The lamps.")


def test_a_folder_without_vocabulary_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected spiece.model or vocab.txt"):
        load_tokenizer(tmp_path)


def test_a_truncated_sentencepiece_model_is_an_error(vocabulary: Path, tmp_path: Path) -> None:
    whole = (vocabulary / "spiece.model").read_bytes()
    (tmp_path / "spiece.model").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"spiece.model"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_without_special_tokens_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nthe\n")
    with pytest.raises(ValueError, match=r"has no piece \[CLS\], \[SEP\], \[MASK\]"):
        load_tokenizer(tmp_path)


@pytest.mark.parity
def test_real_wordpiece_ids_equal_the_reference(shared_data: Path) -> None:
    import numpy as np

    folder = shared_data / "checkpoints" / "albert-kor-base"
    reader = load_tokenizer(folder)
    reference = np.load(folder / "reference.npz")
    for row in range(len(reference["text_a"])):
        ids = [reader.special.cls]
        for text in (str(reference["text_a"][row]), str(reference["text_b"][row])):
            if text:
                ids += [*encode_with_mask(reader, text), reader.special.sep]
        real = reference["padding_mask"][row] == 1
        assert ids == reference["token_ids"][row][real].tolist()


def encode_with_mask(reader: Tokenizer, text: str) -> list[int]:
    """The reference texts contain [MASK] as a token; ours never reads it from text."""
    first, *others = (reader.encode(part).token_ids for part in text.split("[MASK]"))
    return first + [piece for part in others for piece in (reader.special.mask, *part)]
