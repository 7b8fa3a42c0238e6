"""The official code around a SentencePiece model, written from its documented steps."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable

import sentencepiece

from albert_tf.text.normalization import with_cleaning


def official_text(text: str, cased: bool = False, keep_accents: bool = False) -> str:
    """What preprocess_text of google-research/albert does, step by step."""
    text = " ".join(text.strip().split())
    text = text.replace("``", '"').replace("''", '"')
    if not keep_accents:
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if unicodedata.combining(c) == 0)
    return text if cased else text.lower()


def official_ids(model: sentencepiece.SentencePieceProcessor, cleaned: str) -> list[int]:
    """The ids of the pieces."""
    return [model.piece_to_id(piece) for piece in official_pieces(model, cleaned)]


def official_pieces(model: sentencepiece.SentencePieceProcessor, cleaned: str) -> list[str]:
    """What encode_pieces does: pieces that end in digit and comma are split up afterwards."""
    pieces: list[str] = []
    for piece in model.encode(cleaned, return_type=str):
        if not (len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()):
            pieces.append(piece)
            continue
        parts = model.encode(piece[:-1].replace("\u2581", ""), return_type=str)
        if piece[0] != "\u2581" and parts[0][0] == "\u2581":
            parts = parts[1:] if parts[0] == "\u2581" else [parts[0][1:], *parts[1:]]
        pieces += [*parts, ","]
    return pieces


def train_officially(
    lines: list[str], cased: bool = False, keep_accents: bool = False, vocab_size: int = 400
) -> bytes:
    """Trains as the release was: text cleaned outside, punctuation as pieces of its own."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([official_text(line, cased, keep_accents) for line in lines]),
        model_writer=file,
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        pad_piece="<pad>",
        unk_piece="<unk>",
        control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=["(", ")", '"', "-", ".", "\u2013"],
        minloglevel=2,
    )
    return file.getvalue()


class Pair:
    """One model as released, with the official code around it, and with the cleaning inside."""

    def __init__(self, content: bytes, cased: bool = False, keep_accents: bool = False) -> None:
        self.options = cased, keep_accents
        self.official = sentencepiece.SentencePieceProcessor(model_proto=content)
        cleaned = with_cleaning(content, cased=cased, keep_accents=keep_accents)
        self.ours = sentencepiece.SentencePieceProcessor(model_proto=cleaned)

    def differ(self, texts: Iterable[str]) -> tuple[list[str], list[str]]:
        """Texts that give other characters, and texts that give other ids."""
        characters, ids = [], []
        for text in texts:
            cleaned = official_text(text, *self.options)
            if self.official.normalize(cleaned) != self.ours.normalize(text):
                characters.append(text)
            if official_ids(self.official, cleaned) != self.ours.encode(text):
                ids.append(text)
        return characters, ids
