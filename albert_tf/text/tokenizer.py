"""Turns text into token ids, and remembers where in the text each token came from.

text  ->  [tokenizer.load_tokenizer(directory).encode]  ->  examples, tasks, runtime

SentencePiece and WordPiece stand behind one interface. Text never produces a special
token: "[SEP]" typed by a user is six ordinary characters.

Shape letters: N tokens of one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import sentencepiece

from albert_tf.text.characters import is_punctuation
from albert_tf.text.encoding import Encoding, FlatIds, SpecialIds, lengths
from albert_tf.text.spans import widened, without_leading_space
from albert_tf.text.vocabulary_files import SENTENCEPIECE_FILE, WORDPIECE_FILE, write
from albert_tf.text.wordpiece import WordPieceTokenizer

_NOT_UNICODE = "text must be a string of Unicode characters without lone surrogates."
_FEW = 32  # texts; starting SentencePiece's threads costs as much as reading about so many


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
        """Writes the files `load_tokenizer` needs and returns their names."""


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
        self.content = self.path.read_bytes()  # the file may be gone when it is saved
        try:
            self._model = sentencepiece.SentencePieceProcessor(model_proto=self.content)
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
        return FlatIds(np.frombuffer(b"".join(arrays), np.int32), lengths(arrays))

    def piece(self, token_id: int) -> str:
        """The piece that has this id."""
        return str(self._model.id_to_piece(token_id))

    def word_starts(self) -> list[bool]:
        """Whether each piece begins a word: with a space, or as punctuation."""
        return [_begins_word(self.piece(index)) for index in range(self.vocab_size)]

    def save(self, directory: Path) -> list[str]:
        """Writes `spiece.model`."""
        write(self.content, directory / SENTENCEPIECE_FILE)
        return [SENTENCEPIECE_FILE]


def _begins_word(piece: str) -> bool:
    return piece[0] == "\u2581" or is_punctuation(piece[0])
