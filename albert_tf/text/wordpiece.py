"""Reads text with a BERT-style vocabulary.

text  ->  [wordpiece.WordPieceTokenizer]  ->  tokenizer.load_tokenizer

Shape letters: N tokens of one text.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from albert_tf.json_file import read_json_object
from albert_tf.text.characters import is_alone, is_control
from albert_tf.text.encoding import Encoding, FlatIds, SpecialIds, lengths
from albert_tf.text.vocabulary_files import TOKENIZER_OPTIONS_FILE, WORDPIECE_FILE, write

LONGEST_WORD = 100  # characters; Hugging Face's BertTokenizer gives up beyond it


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
        self._content = self.path.read_bytes()  # the file may be gone when it is saved
        try:
            text = self._content.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.path} must be UTF-8 text: {error}.") from error
        # Not splitlines: a piece may be one of the other characters that end lines.
        pieces = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
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
        return FlatIds(np.array([i for ids in lists for i in ids], np.int32), lengths(lists))

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
        """Writes `vocab.txt` and the options."""
        write(self._content, directory / WORDPIECE_FILE)
        options = {"do_lower_case": self.lower_case, "strip_accents": self.strip_accents}
        (directory / TOKENIZER_OPTIONS_FILE).write_text(json.dumps(options, indent=2) + "\n")
        return [WORDPIECE_FILE, TOKENIZER_OPTIONS_FILE]
