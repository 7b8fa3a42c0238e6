"""Cleans text as ALBERT does, and stores that cleaning inside a SentencePiece model.

spiece.model without cleaning  ->  [normalization.with_cleaning]  ->  spiece.model with it

ALBERT's vocabularies expect text that was cleaned before SentencePiece sees it, and pieces
such as "7," to be split afterwards. A model that carries both needs no code around it.

Source: google-research/albert tokenization.py, preprocess_text and encode_pieces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import sentencepiece

from albert_tf.text.model_file import ModelFile, Piece, PieceType, charsmap_of
from albert_tf.text.rewriting import compose

_QUOTES = ("``", "''")
# No character from here on is changed by the cleaning; a test says so.
_END_OF_CHANGES = 0x30000
_GREEK = [*map(chr, range(0x370, 0x400)), *map(chr, range(0x1F00, 0x2000))]
_ASCII = [*map(chr, range(1, 128))]
_NAMES = {
    (False, False): "albert",
    (True, False): "albert_cased",
    (False, True): "albert_accents",
    (True, True): "albert_cased_accents",
}


def clean_text(text: str, *, cased: bool = False, keep_accents: bool = False) -> str:
    """Cleans one text as the released models expect it.

    White space becomes single spaces, `` and '' become ", characters are decomposed
    (NFKD) and lose their accents, and capitals become small.

    >>> clean_text(" ``\u00c9T\u00c9''  \ufb01n ")
    '"ete" fin'
    """
    text = " ".join(text.split())
    for quotes in _QUOTES:
        text = text.replace(quotes, '"')
    if not keep_accents and not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(part for part in parts if not unicodedata.combining(part))
    return text if cased else text.lower()


def is_cleaned(path: str | Path) -> bool:
    """Whether a `spiece.model` carries the cleaning, so that it reads raw text.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a SentencePiece model.
    """
    return read_model(path).normalizer_name in _NAMES.values()


def read_model(path: str | Path) -> ModelFile:
    """Opens a SentencePiece model to look into it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a SentencePiece model.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file.")
    try:
        content = path.read_bytes()
        sentencepiece.SentencePieceProcessor(model_proto=content)
        return ModelFile(content)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is not a SentencePiece model: {error}.") from error


def with_cleaning(content: bytes, *, cased: bool = False, keep_accents: bool = False) -> bytes:
    """Puts the cleaning before what a SentencePiece model does to text itself.

    Pieces that end in a digit and a comma become unused, so that the comma is a piece of
    its own, and so do user-defined ones that cleaned text cannot contain.

    Args:
        content: A Unigram model that expects cleaned text.
        cased: Whether capitals stay.
        keep_accents: Whether characters keep their accents.

    Returns:
        The model that expects raw text. Ids are unchanged.

    Raises:
        ValueError: not a SentencePiece model.
    """
    model = ModelFile(content)

    def clean(text: str) -> str:
        return clean_text(text, cased=cased, keep_accents=keep_accents)

    own_rules: dict[str, str] = {}
    if model.has_charsmap:
        normalizer = sentencepiece.SentencePieceNormalizer(model_proto=content)
        own_rules = dict(normalizer.decompile())
    rules = compose(_cleaning_rules(cased=cased, keep_accents=keep_accents), own_rules)
    unused_ids = {
        index
        for index, piece in enumerate(model.pieces)
        if _ends_in_digit_and_comma(piece)
        or (piece.type == PieceType.USER_DEFINED and clean(piece.text) != piece.text)
    }
    return model.rewrite(_NAMES[cased, keep_accents], _compile(rules), unused_ids)


def _cleaning_rules(*, cased: bool, keep_accents: bool) -> dict[str, str]:
    """What the cleaning does to each character that it changes, and to a few sequences."""

    def clean(text: str) -> str:
        return clean_text(text, cased=cased, keep_accents=keep_accents)

    surrogates = range(0xD800, 0xE000)
    letters = [chr(code) for code in range(_END_OF_CHANGES) if code not in surrogates]
    rules = {letter: " " if letter.isspace() else clean(letter) for letter in letters}
    rules = {letter: image for letter, image in rules.items() if image != letter}
    rules |= dict.fromkeys(_QUOTES, '"')
    return rules if cased else rules | _final_sigma_rules(clean)


def _ends_in_digit_and_comma(piece: Piece) -> bool:
    text = piece.text
    return piece.type == PieceType.NORMAL and text[-1:] == "," and text[-2:-1].isdigit()


def _final_sigma_rules(clean: Callable[[str], str]) -> dict[str, str]:
    """A capital sigma ends a word as another letter than it begins or continues one.

    One pass cannot look back, so a sigma is final unless a Greek letter follows it, and
    never after white space or an ASCII character that is no letter.
    """
    rules = {"\u03a3": "\u03c2"}
    for before in _ASCII:
        image = clean(f"\u0391{before}\u03a3")[1:]
        if image.endswith("\u03c3"):
            rules[f"{before}\u03a3"] = image
    for after in _GREEK:
        for word in (f"\u03a3{after}", f"\u03a3\u03a3{after}"):
            image = clean(f"\u0391{word}")[1:]
            if image.startswith("\u03c3"):
                rules[word] = image
    return rules


def _compile(rules: Mapping[str, str]) -> bytes:
    """The table in SentencePiece's binary form."""
    sentencepiece.set_min_log_level(1)  # it reports each table on stderr otherwise
    normalizer = sentencepiece.SentencePieceNormalizer(norm_map=list(rules.items()))
    return charsmap_of(normalizer.serialized_normalizer_spec())
