"""Writes what WordPiece knows about characters as a Kotlin file.

unicodedata  ->  [unicode_tables.kotlin]  ->  UnicodeTables.kt  ->  Characters.kt

Python and each version of Android know another Unicode; with a table of its own the reader on
the phone gives the ids that Python gives. To renew it:

    python -m tests.android.unicode_tables
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from albert_tf.text.characters import is_control, is_punctuation

SOURCES = Path(__file__).parents[2] / "android_demo" / "pipeline" / "src"
TABLES = SOURCES / "main" / "kotlin" / "org" / "alberttf" / "pipeline" / "text" / "UnicodeTables.kt"
CODES = range(0x110000)
_WIDTH = 80
_DIGIT, _LAST_DIGIT = "%", "]"  # the first of 32 characters each


def kinds() -> Iterator[int]:
    """How many characters follow each other that are of one kind, and the kind."""
    for kind, run in groupby(map(_kind, map(chr, CODES))):
        yield from (len(list(run)), kind)


def _kind(character: str) -> int:
    if unicodedata.category(character) == "Mn":
        return 3
    return 2 if is_punctuation(character) else int(is_control(character))


def small_letters() -> Iterator[int]:
    """Runs of capitals: gap to the run before, length, step, and the way to the small letter."""
    pairs = [(code, ord(chr(code).lower()[0])) for code in CODES if chr(code).lower() != chr(code)]
    end = 0
    while pairs:
        (first, small), way = pairs[0], pairs[0][1] - pairs[0][0]
        step = 1 if (first + 1, small + 1) in pairs[1:2] else 2
        count = 1
        while (first + count * step, small + count * step) in pairs[count : count + 1]:
            count += 1
        yield from (first - end, count, step, 2 * way if way >= 0 else -2 * way - 1)
        end = first + (count - 1) * step
        pairs = pairs[count:]


def plain_letters() -> Iterator[int]:
    """Letters with accents: gap to the one before, how many parts stay, and the parts.

    A part is given by its way from the first part of the letter before. Hangul is left out.
    """
    end = last = 0
    for code in CODES:
        plain = _plain(chr(code))
        if plain in {"", chr(code)} or 0xAC00 <= code <= 0xD7A3:
            continue
        yield from (code - end, len(plain))
        for part in map(ord, plain):
            yield 2 * (part - last) if part >= last else 2 * (last - part) - 1
        end, last = code, ord(plain[0])


def _plain(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def kotlin() -> str:
    """The Kotlin file."""
    version = ".".join(unicodedata.unidata_version.split(".")[:2])
    return f"""\
package org.alberttf.pipeline.text

// Written by tests/android/unicode_tables.py, which says what the numbers are.

/** The version of Unicode that the tables are of. */
internal const val UNICODE_VERSION = "{version}"

{_constant("CHARACTER_KINDS", kinds())}
{_constant("SMALL_LETTERS", small_letters())}
{_constant("PLAIN_LETTERS", plain_letters())}"""


def _constant(name: str, numbers: Iterable[int]) -> str:
    digits = "".join(map(_written, numbers))
    parts = [digits[place : place + _WIDTH] for place in range(0, len(digits), _WIDTH)]
    text = " +\n        ".join(f'"{part}"' for part in parts)
    return f"internal const val {name} =\n    {text}\n"


def _written(number: int) -> str:
    """A number in base 32, the lowest digits first, as characters that Kotlin leaves alone."""
    digits = ""
    while number >= 32:
        digits += chr(ord(_DIGIT) + number % 32)
        number //= 32
    return digits + chr(ord(_LAST_DIGIT) + number)


if __name__ == "__main__":
    TABLES.write_text(kotlin(), encoding="utf-8")
