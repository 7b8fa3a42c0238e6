"""SentencePiece models with other options, made of one model file and what is added to its end.

In a protocol buffer a field that comes again overrides what came before, and pieces add up.

Source: google/sentencepiece sentencepiece_model.proto.
"""

from __future__ import annotations


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer that is shorter than 128 bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(number: int) -> bytes:
    high = bytes([number & 0x7F | 0x80]) + varint(number >> 7) if number > 0x7F else b""
    return high or bytes([number])


def piece(text: str, kind: int) -> bytes:
    return field(1, field(1, text.encode()) + field(3, kind))


# What is added to the end of a model file, where it overrides what came before.
CHANGES = {
    "no space before the text": field(3, field(3, 0)),
    "all spaces": field(3, field(4, 0)),
    "all spaces and none before the text": field(3, field(4, 0) + field(3, 0)),
    "spaces as they are": field(3, field(5, 0)),
    "pieces of users": b"".join(
        piece(text, 4) for text in ("lamp", "lamplight", "\u2581la", "E", "\u00bd", "\u4e2d", "b c")
    ),
    "bytes": b"".join(piece(f"<0x{byte:02X}>", 6) for byte in range(256)) + field(2, field(35, 1)),
}
