"""Takes a SentencePiece model file apart and puts it together again.

spiece.model  ->  [model_file.ModelFile]  ->  normalization

A model file is a protocol buffer. Its outer layers are read here without a protobuf
library: the one that SentencePiece's own message classes ask for (7.36) cannot be
installed beside Apache Beam, which needs one below 7.

Source: sentencepiece_model.proto; protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
# Field numbers of ModelProto, and of the messages inside it.
_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
_PIECE_TEXT, _PIECE_TYPE = 1, 3
_MODEL_TYPE = 3
_NAME, _CHARSMAP, _REMOVE_EXTRA_SPACES, _RULES_PATH = 1, 2, 4, 6
_UNIGRAM = 1


class PieceType(IntEnum):
    """What a piece is for; an unused one keeps its id, but text never produces it."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Piece:
    """One piece of the vocabulary."""

    text: str
    type: PieceType


@dataclass(frozen=True)
class _Field:
    """One field of a message, as it stands in the file."""

    number: int
    wire_type: int
    value: int | bytes


class ModelFile:
    """The pieces, the kind and the cleaning of one model.

    Raises:
        ValueError: the bytes are not laid out as a SentencePiece model.
    """

    def __init__(self, content: bytes) -> None:
        self._fields = list(_parse(content))
        trainer, normalizer = self._message(_TRAINER), self._message(_NORMALIZER)
        self.pieces = [_piece(field) for field in self._fields if field.number == _PIECE]
        self.is_unigram = _last(trainer, _MODEL_TYPE, _UNIGRAM) == _UNIGRAM
        self.normalizer_name = _text(_last(normalizer, _NAME, b""))
        self.has_charsmap = bool(_last(normalizer, _CHARSMAP, b""))
        if not self.pieces:
            raise ValueError("it has no pieces")

    def rewrite(self, name: str, charsmap: bytes, unused_ids: Collection[int]) -> bytes:
        """The file with another cleaning, and with some pieces that text never produces."""
        normalizer = _replaced(
            self._message(_NORMALIZER),
            _Field(_NAME, _BYTES, name.encode()),
            _Field(_CHARSMAP, _BYTES, charsmap),
            _Field(_REMOVE_EXTRA_SPACES, _VARINT, 1),
            _Field(_RULES_PATH, _BYTES, b""),
        )
        pieces = [field for field in self._fields if field.number == _PIECE]
        for index in unused_ids:
            unused = _Field(_PIECE_TYPE, _VARINT, PieceType.UNUSED)
            changed = _replaced(list(_parse(_bytes(pieces[index].value))), unused)
            pieces[index] = _Field(_PIECE, _BYTES, _serialize(changed))
        others = [field for field in self._fields if field.number not in {_PIECE, _NORMALIZER}]
        return _serialize([*pieces, *others, _Field(_NORMALIZER, _BYTES, _serialize(normalizer))])

    def _message(self, number: int) -> list[_Field]:
        # Of a message that comes twice the fields are joined, and the last of each counts.
        parts = [_bytes(field.value) for field in self._fields if field.number == number]
        return list(_parse(b"".join(parts)))


def charsmap_of(normalizer_spec: bytes) -> bytes:
    """The rules inside a serialized NormalizerSpec."""
    return _bytes(_last(_parse(normalizer_spec), _CHARSMAP, b""))


def _piece(field: _Field) -> Piece:
    fields = list(_parse(_bytes(field.value)))
    kind = _last(fields, _PIECE_TYPE, PieceType.NORMAL)
    if not isinstance(kind, int):
        raise ValueError("a piece whose type is no number")
    return Piece(_text(_last(fields, _PIECE_TEXT, b"")), PieceType(kind))


def _last(fields: Iterable[_Field], number: int, default: int | bytes) -> int | bytes:
    return next((f.value for f in reversed(list(fields)) if f.number == number), default)


def _replaced(fields: Iterable[_Field], *new: _Field) -> list[_Field]:
    numbers = {field.number for field in new}
    kept = [field for field in fields if field.number not in numbers]
    return sorted([*kept, *(field for field in new if field.value != b"")], key=_number)


def _number(field: _Field) -> int:
    return field.number


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _parse(content: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(content):
        key, place = _read_varint(content, place)
        wire_type = key & 7
        if wire_type == _VARINT:
            number, place = _read_varint(content, place)
            yield _Field(key >> 3, wire_type, number)
            continue
        if wire_type == _BYTES:
            size, place = _read_varint(content, place)
        elif wire_type in {_FIXED64, _FIXED32}:
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {place}")
        if place + size > len(content):
            raise ValueError(f"it ends before byte {place + size}")
        yield _Field(key >> 3, wire_type, content[place : place + size])
        place += size


def _read_varint(content: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(content) and shift < 70:  # ten bytes hold 64 bits
        byte = content[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
    raise ValueError(f"a number without end before byte {place}")


def _serialize(fields: Iterable[_Field]) -> bytes:
    content = bytearray()
    for field in fields:
        content += _varint(field.number << 3 | field.wire_type)
        if isinstance(field.value, int):
            content += _varint(field.value)
        else:
            content += _varint(len(field.value)) if field.wire_type == _BYTES else b""
            content += field.value
    return bytes(content)


def _varint(number: int) -> bytes:
    content = bytearray()
    while number >= 0x80:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)
