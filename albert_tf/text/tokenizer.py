"""Turns text into token ids, and remembers where in the text each token came from.

text  ->  [tokenizer.load_tokenizer(directory).encode]  ->  examples, tasks, runtime

SentencePiece and WordPiece stand behind one interface. Text never produces a special
token: "[SEP]" typed by a user is six ordinary characters.

Shape letters: N tokens of one text.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from albert_tf.json_file import read_json_object
from albert_tf.text.characters import is_alone, is_control, is_punctuation
from albert_tf.text.spans import widened, without_leading_space

SENTENCEPIECE_FILE = "spiece.model"
WORDPIECE_FILE = "vocab.txt"
TOKENIZER_OPTIONS_FILE = "tokenizer_config.json"
VOCABULARY_FILES = (SENTENCEPIECE_FILE, WORDPIECE_FILE, TOKENIZER_OPTIONS_FILE)
_NOT_UNICODE = "text must be a string of Unicode characters without lone surrogates."
_FEW = 32  # texts; starting SentencePiece's threads costs as much as reading about so many
LONGEST_WORD = 100  # characters; Hugging Face's BertTokenizer gives up beyond it


@dataclass(frozen=True)
class SpecialIds:
    """Ids of the tokens that text never produces, and of the unknown one."""

    pad: int
    unk: int
    cls: int
    sep: int
    mask: int


@dataclass(frozen=True)
class Encoding:
    """The tokens of one text."""

    token_ids: list[int]  # [N]
    pieces: list[str]  # [N]
    spans: list[tuple[int, int]]  # [N] first and past-the-last character of the text
    word_starts: list[bool]  # [N] True where a word begins


@dataclass(frozen=True)
class FlatIds:
    """The token ids of several texts in one array."""

    token_ids: NDArray[np.int32]  # [N] of all texts
    lengths: NDArray[np.int64]  # tokens of each text


class Tokenizer(Protocol):
    """What every vocabulary file can do."""

    special: SpecialIds
    vocab_size: int

    def encode(self, text: str) -> Encoding:
        """Splits one text into tokens; special tokens are never among them."""

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, the same as `encode` gives, and nothing else."""

    def encode_flat(self, texts: Sequence[str]) -> FlatIds:
        """The same ids one text after the other, made by this thread alone."""

    def piece(self, token_id: int) -> str:
        """The piece that has this id."""

    def word_starts(self) -> list[bool]:
        """Whether each piece of the vocabulary begins a word."""

    def save(self, directory: Path) -> list[str]:
        """Copies the files `load_tokenizer` needs and returns their names."""


def load_tokenizer(directory: str | Path) -> Tokenizer:
    """Opens the vocabulary in `directory`: `spiece.model`, or `vocab.txt` with its options.

    Raises:
        FileNotFoundError: neither file is there.
        ValueError: the file is damaged or lacks a special token.
    """
    directory = Path(directory)
    if (directory / SENTENCEPIECE_FILE).exists():
        return SentencePieceTokenizer(directory / SENTENCEPIECE_FILE)
    if (directory / WORDPIECE_FILE).exists():
        return WordPieceTokenizer(directory / WORDPIECE_FILE)
    raise FileNotFoundError(
        f"{directory} holds no vocabulary: expected {SENTENCEPIECE_FILE} or {WORDPIECE_FILE}."
    )


class SentencePieceTokenizer:
    """Reads a SentencePiece model; the cleaning is the one stored in the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a SentencePiece model, or one without [CLS], [SEP] or [MASK].
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path} is not a file.")
        try:
            self._model = sentencepiece.SentencePieceProcessor(model_file=str(self.path))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"{self.path} is not a SentencePiece model: {error}") from error
        self.vocab_size: int = self._model.get_piece_size()
        names = {"pad": "<pad>", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
        ids = {field: self._model.piece_to_id(piece) for field, piece in names.items()}
        missing = [piece for field, piece in names.items() if ids[field] == self._model.unk_id()]
        if missing:
            raise ValueError(f"{self.path} has no piece {', '.join(missing)}.")
        self.special = SpecialIds(unk=self._model.unk_id(), **ids)

    def encode(self, text: str) -> Encoding:
        """Splits one text into tokens; a space is in no span, a character split up in several.

        Raises:
            ValueError: the text holds half a character (a lone surrogate).
        """
        try:
            found = self._model.encode(text, return_type="offset_mapping")
        except RuntimeError as error:
            raise ValueError(_NOT_UNICODE) from error
        spans = found["offsets"]
        if not text.isascii():
            places = self._model.normalize(text, with_offsets=True)[1]
            spans = widened(spans, found["pieces"], places)
        return Encoding(
            token_ids=found["ids"],
            pieces=found["pieces"],
            spans=[without_leading_space(text, start, end) for start, end in spans],
            word_starts=[_begins_word(piece) for piece in found["pieces"]],
        )

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, as fast as SentencePiece is.

        Raises:
            ValueError: a text holds half a character (a lone surrogate).
        """
        try:
            if len(texts) < _FEW:
                return [self._model.encode(text) for text in texts]
            return list(self._model.encode(list(texts)))
        except (RuntimeError, TypeError) as error:
            raise ValueError(_NOT_UNICODE) from error

    def encode_flat(self, texts: Sequence[str]) -> FlatIds:
        """The ids of the texts one after the other, made by this thread alone.

        Raises:
            ValueError: a text holds half a character (a lone surrogate).
        """
        try:
            arrays = self._model.encode(list(texts), return_type="numpy", num_threads=1)
        except (RuntimeError, TypeError) as error:
            raise ValueError(_NOT_UNICODE) from error
        return FlatIds(np.frombuffer(b"".join(arrays), np.int32), _lengths(arrays))

    def piece(self, token_id: int) -> str:
        """The piece that has this id."""
        return str(self._model.id_to_piece(token_id))

    def word_starts(self) -> list[bool]:
        """Whether each piece begins a word: with a space, or as punctuation."""
        return [_begins_word(self.piece(index)) for index in range(self.vocab_size)]

    def save(self, directory: Path) -> list[str]:
        """Copies `spiece.model`."""
        _copy(self.path, directory / SENTENCEPIECE_FILE)
        return [SENTENCEPIECE_FILE]


class WordPieceTokenizer:
    """Reads a BERT-style `vocab.txt` and the options in `tokenizer_config.json` beside it.

    The options are `do_lower_case` (default true) and `strip_accents` (default: as
    `do_lower_case`); without the file the defaults hold.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file is damaged, a special token is missing, or an option is not true or
            false.

    Source: google-research/bert tokenization.py, as Hugging Face's BertTokenizer, where the
    vocabularies for ALBERT are from, has it: characters for private use and unassigned ones are
    dropped, and a word is given up beyond 100 characters, not 200. Both lower whole words: there a
    capital sigma that ends one becomes the letter for the end of a word, here the other.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            content = self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.path} must be UTF-8 text: {error}.") from error
        # Not splitlines: a piece may be one of the other characters that end lines.
        pieces = content.removesuffix("\n").split("\n")
        self.pieces = pieces
        self.ids = {piece: index for index, piece in enumerate(pieces)}
        self.vocab_size = len(pieces)
        names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
        missing = [piece for piece in names.values() if piece not in self.ids]
        if missing:
            raise ValueError(f"{self.path} has no piece {', '.join(missing)}.")
        self.special = SpecialIds(**{field: self.ids[piece] for field, piece in names.items()})
        self.lower_case, self.strip_accents = self._read_options()

    def _read_options(self) -> tuple[bool, bool]:
        path = self.path.with_name(TOKENIZER_OPTIONS_FILE)
        options = read_json_object(path) if path.exists() else {}
        lower_case = options.get("do_lower_case", True)
        strip_accents = options.get("strip_accents")
        strip_accents = lower_case if strip_accents is None else strip_accents
        for name, value in (("do_lower_case", lower_case), ("strip_accents", strip_accents)):
            if not isinstance(value, bool):
                raise ValueError(f"{path}: {name} must be true or false; got {value!r}.")
        return lower_case, strip_accents

    def encode(self, text: str) -> Encoding:
        """Splits one text into words, and each word into its longest known pieces."""
        encoding = Encoding([], [], [], [])
        for word in self._words(text):
            for number, (piece, start, end) in enumerate(self._split(word)):
                encoding.token_ids.append(self.ids[piece])
                encoding.pieces.append(piece)
                encoding.spans.append((start, end))
                encoding.word_starts.append(number == 0)
        return encoding

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text."""
        return [self.encode(text).token_ids for text in texts]

    def encode_flat(self, texts: Sequence[str]) -> FlatIds:
        """The ids of the texts one after the other."""
        lists = self.encode_ids(texts)
        return FlatIds(np.array([i for ids in lists for i in ids], np.int32), _lengths(lists))

    def _words(self, text: str) -> list[list[tuple[str, int]]]:
        """Words as lists of (cleaned character, its place in the text)."""
        words: list[list[tuple[str, int]]] = []
        open_word = False
        for place, character in enumerate(text):
            if is_control(character):
                continue
            if character.isspace():
                open_word = False
                continue
            letters = self.clean(character)
            alone = is_alone(character, letters)
            if alone or not open_word:
                words.append([])
            words[-1].extend((letter, place) for letter in letters)
            open_word = not alone
        return [word for word in words if word]

    def clean(self, character: str) -> str:
        """One character as the vocabulary has it; empty for an accent that is dropped."""
        lowered = character.lower() if self.lower_case else character
        if not self.strip_accents:
            return lowered
        parts = unicodedata.normalize("NFD", lowered)
        return "".join(part for part in parts if unicodedata.category(part) != "Mn")

    def _split(self, word: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
        """Longest match first; a word with no split is one unknown piece."""
        unknown = [("[UNK]", word[0][1], word[-1][1] + 1)]
        if len(word) > LONGEST_WORD:
            return unknown
        letters = "".join(letter for letter, _ in word)
        pieces: list[tuple[str, int, int]] = []
        start = 0
        while start < len(letters):
            prefix = "##" if start else ""
            for end in range(len(letters), start, -1):
                if prefix + letters[start:end] in self.ids:
                    break
            else:
                return unknown
            pieces.append((prefix + letters[start:end], word[start][1], word[end - 1][1] + 1))
            start = end
        return pieces

    def piece(self, token_id: int) -> str:
        """The piece that has this id."""
        return self.pieces[token_id]

    def word_starts(self) -> list[bool]:
        """Whether each piece begins a word: all do that have no ## before them."""
        return [not piece.startswith("##") for piece in self.pieces]

    def save(self, directory: Path) -> list[str]:
        """Copies `vocab.txt` and writes the options."""
        _copy(self.path, directory / WORDPIECE_FILE)
        options = {"do_lower_case": self.lower_case, "strip_accents": self.strip_accents}
        (directory / TOKENIZER_OPTIONS_FILE).write_text(json.dumps(options, indent=2) + "\n")
        return [WORDPIECE_FILE, TOKENIZER_OPTIONS_FILE]


def _begins_word(piece: str) -> bool:
    return piece[0] == "\u2581" or is_punctuation(piece[0])


def _lengths(lists: Sequence[Sized]) -> NDArray[np.int64]:
    return np.fromiter(map(len, lists), np.int64, len(lists))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.resolve() != target.resolve():
        shutil.copyfile(source, target)
