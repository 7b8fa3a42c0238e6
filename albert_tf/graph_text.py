"""Tokenization and packing as TensorFlow graphs, the ids those of `text.tokenizer`.

strings  ->  [graph_text]  ->  preprocessing, export.serving

Shape letters: B texts, C characters of all texts, L cleaned ones, W words of all texts, N tokens of
a text, T tokens of the longest packed sequence, K characters that cleaning changes.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from albert_tf.text.characters import is_alone, is_control
from albert_tf.text.encoding import SpecialIds
from albert_tf.text.tokenizer import SentencePieceTokenizer, Tokenizer
from albert_tf.text.wordpiece import LONGEST_WORD, WordPieceTokenizer

# Batches are as wide as their longest sequence, rounded up, so that few shapes occur.
_WIDTHS = 32
_LETTER, _SPACE, _ALONE, _DROPPED = range(4)


def graph_tokenizer(tokenizer: Tokenizer) -> tf.Module:
    """The reader inside the graph that gives the ids `tokenizer` gives.

    Its `tokenize` makes token ids of strings; its `tokenize_with_offsets` gives the first and
    past-the-last byte of each token too.

    Raises:
        TypeError: there is no in-graph reader of this kind of vocabulary.
    """
    if isinstance(tokenizer, SentencePieceTokenizer):
        return tf_text.SentencepieceTokenizer(model=tokenizer.content, out_type=tf.int32)
    if isinstance(tokenizer, WordPieceTokenizer):
        return GraphWordPiece(tokenizer)
    raise TypeError(f"{type(tokenizer).__name__} has no reader inside the graph.")


class _Tables(NamedTuple):
    """What WordPiece does with every character of Unicode."""

    kinds: np.ndarray  # int8 [1114112]
    changed: np.ndarray  # int32 [K], ascending
    starts: np.ndarray  # int32 [K] where in `cleaned` a changed character's own begin
    lengths: np.ndarray  # int32 [K]
    cleaned: np.ndarray  # int32


class GraphWordPiece(tf.Module):
    """WordPiece in the graph: the same functions of single characters, as tables."""

    def __init__(self, tokenizer: WordPieceTokenizer) -> None:
        super().__init__()
        self._tables = _tables(tokenizer)
        # Of equal pieces the last counts; the others, and empty ones, become what no text holds.
        pieces = [
            piece if piece and tokenizer.ids[piece] == place else f"\x01{place}"
            for place, piece in enumerate(tokenizer.pieces)
        ]
        self._split = tf_text.FastWordpieceTokenizer(
            vocab=pieces, unknown_token="[UNK]", no_pretokenization=True,
            max_bytes_per_word=4 * LONGEST_WORD + 1, token_out_type=tf.int32,
        )  # fmt: skip

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Token ids, int32 ragged [B, N], of strings [B]."""
        return self.tokenize_with_offsets(texts)[0]

    def tokenize_with_offsets(self, texts: tf.Tensor) -> tuple[tf.RaggedTensor, ...]:
        """Token ids, and the first and past-the-last byte of each in its text, ragged [B, N]."""
        letters, words, word_texts, first_bytes, last_bytes = self._letters(texts)
        spelled = tf.RaggedTensor.from_value_rowids(letters, words, tf.size(word_texts))
        kept = spelled.row_lengths() > 0
        spelled, word_texts = (
            tf.ragged.boolean_mask(spelled, kept),
            tf.boolean_mask(word_texts, kept),
        )
        unknown = spelled.row_lengths() > LONGEST_WORD  # [W]
        strings = tf.where(unknown, "[UNK]", tf.strings.unicode_encode(spelled, "UTF-8"))
        pieces, starts, ends = self._split.tokenize_with_offsets(strings)  # ragged [W, pieces]
        starts, ends = (tf.cast(x.flat_values, tf.int32) for x in (starts, ends))
        word = pieces.value_rowids()
        # From bytes of the word as it is spelled to letters, and from those to bytes of the text.
        places = tf.cumsum(_utf8_length(letters), exclusive=True)  # [L]
        begin = tf.gather(tf.gather(places, spelled.row_starts()), word)
        first = tf.searchsorted(places, begin + starts, side="right") - 1
        last = tf.searchsorted(places, begin + ends - 1, side="right") - 1
        end_of_word = tf.cast(tf.gather(spelled.row_limits(), word), tf.int32) - 1
        last = tf.where(tf.gather(unknown, word), end_of_word, last)
        found = (pieces.flat_values, tf.gather(first_bytes, first), tf.gather(last_bytes, last))
        rows = tf.gather(word_texts, word)
        count = tf.size(texts, out_type=rows.dtype)
        return tuple(tf.RaggedTensor.from_value_rowids(values, rows, count) for values in found)

    def _letters(self, texts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Cleaned characters [L], the word of each, the text of each word [W], and bytes [L].

        The bytes are the first and the past-the-last of the character each came from.
        """
        tables = self._tables
        decoded, offsets = tf.strings.unicode_decode_with_offsets(texts, "UTF-8")
        codes, rows = decoded.flat_values, decoded.value_rowids()  # [C]
        starts = tf.cast(offsets.flat_values, tf.int32)
        kinds = tf.gather(tables.kinds, codes)
        codes, starts, rows, kinds = (
            tf.boolean_mask(x, kinds != _DROPPED) for x in (codes, starts, rows, kinds)
        )
        same_text = rows[1:] == rows[:-1]
        after_letter = tf.concat([[False], same_text & (kinds[:-1] == _LETTER)], 0)[: tf.size(rows)]
        begins = (kinds == _ALONE) | ((kinds == _LETTER) & ~after_letter)
        words = tf.cumsum(tf.cast(begins, tf.int32)) - 1
        word_texts = tf.boolean_mask(rows, begins)
        codes, starts, words = (tf.boolean_mask(x, kinds != _SPACE) for x in (codes, starts, words))
        # Changed characters are spelled from the table, the others from the text behind it.
        place = tf.minimum(tf.searchsorted(tables.changed, codes), len(tables.changed) - 1)
        found = tf.gather(tables.changed, place) == codes
        spellings = tf.concat([tables.cleaned, codes], 0)
        itself = len(tables.cleaned) + tf.range(tf.size(codes))
        spelled = tf.where(found, tf.gather(tables.starts, place), itself)
        lengths = tf.where(found, tf.gather(tables.lengths, place), 1)
        letters = tf.gather(spellings, tf.ragged.range(spelled, spelled + lengths).flat_values)
        per_letter = (words, starts, starts + _utf8_length(codes))
        words, starts, ends = (tf.repeat(x, lengths) for x in per_letter)
        return letters, words, word_texts, starts, ends


def _utf8_length(codes: tf.Tensor) -> tf.Tensor:
    """Bytes of each character in UTF-8."""
    return 1 + sum(tf.cast(codes >= limit, tf.int32) for limit in (0x80, 0x800, 0x10000))


def _tables(tokenizer: WordPieceTokenizer) -> _Tables:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    cleaned = {
        code: tokenizer.clean(character)
        for code, character in enumerate(characters)
        if not 0xD800 <= code < 0xE000 and tokenizer.clean(character) != character
    }
    lengths = np.array([len(text) for text in cleaned.values()], np.int32)
    return _Tables(
        kinds=np.array(
            [_kind(letter, cleaned.get(code, letter)) for code, letter in enumerate(characters)],
            np.int8,
        ),
        changed=np.array([*cleaned, sys.maxunicode + 1], np.int32),
        starts=np.cumsum([0, *lengths], dtype=np.int32),
        lengths=np.array([*lengths, 0], np.int32),
        cleaned=np.array([ord(letter) for text in cleaned.values() for letter in text], np.int32),
    )


def _kind(character: str, cleaned: str) -> int:
    if is_control(character):
        return _DROPPED
    if character.isspace():
        return _SPACE
    return _ALONE if is_alone(character, cleaned) else _LETTER


def pack(
    segments: list[tf.RaggedTensor], special: SpecialIds, sequence_length: int
) -> dict[str, tf.Tensor]:
    """Joins the tokens of texts, or of pairs of texts, with their special tokens.

    Pairs that are too long lose tokens of the longer text first, as in
    `examples.packing.truncate`.

    Args:
        segments: One or two, int32 ragged [B, N].
        special: Ids of the special tokens.
        sequence_length: Longest result.

    Returns:
        `token_ids`, `segment_ids` and `padding_mask`, int32 [B, T].
    """
    segments = _fit(segments, sequence_length)
    rows = tf.fill([segments[0].nrows(), 1], special.sep)
    parts = [tf.fill(tf.shape(rows), special.cls)]
    parts += [part for segment in segments for part in (segment, rows)]
    token_ids = tf.concat(parts, axis=1)  # ragged [B, N]
    second = tf.concat([tf.zeros_like(part) for part in parts[:3]]
                       + [tf.ones_like(part) for part in parts[3:]], axis=1)  # fmt: skip
    longest = tf.cast(token_ids.bounding_shape(1), tf.int32)
    width = (longest + _WIDTHS - 1) // _WIDTHS * _WIDTHS
    shape = (None, sequence_length)
    return {
        "token_ids": token_ids.to_tensor(special.pad, shape=shape)[:, :width],
        "segment_ids": second.to_tensor(0, shape=shape)[:, :width],
        "padding_mask": tf.ones_like(token_ids).to_tensor(0, shape=shape)[:, :width],
    }


def _fit(segments: list[tf.RaggedTensor], sequence_length: int) -> list[tf.RaggedTensor]:
    """Cuts the segments so that they fit with their special tokens."""
    if len(segments) == 1:
        return [segments[0][:, : sequence_length - 2]]
    room = sequence_length - 3
    first, second = (tf.cast(segment.row_lengths(), tf.int32) for segment in segments)  # [B]
    second = tf.minimum(second, tf.maximum(room // 2, room - first))
    first = tf.minimum(first, room - second)
    return [_heads(segments[0], first), _heads(segments[1], second)]


def _heads(tokens: tf.RaggedTensor, lengths: tf.Tensor) -> tf.RaggedTensor:
    """The first tokens of each row, as many as `lengths` [B] says."""
    places = tf.ragged.range(lengths)
    return tf.gather(tokens, places, batch_dims=1)
