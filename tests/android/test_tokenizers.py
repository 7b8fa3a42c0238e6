"""The Kotlin readers give Python's ids and spans on real text and on all of Unicode."""

import itertools
import json
import lzma
import random
import re
import shutil
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.text.characters import is_cjk, is_control, is_punctuation
from albert_tf.text.encoding import Encoding
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.text.vocabulary import adopt_vocabulary
from tests.android.changed_models import CHANGES
from tests.android.jvm import run_main
from tests.android.unicode_tables import CODES, TABLES, kotlin
from tests.text.test_normalization import HARD, random_texts, reviews

# Lines of each kind of text. Python's WordPiece takes its time over English.
LINES = {
    "sentencepiece": {"books-en-00": 17_000, "wiki-en": 17_000, "bills-ko": 20_000},
    "wordpiece": {"books-en-00": 5_000, "wiki-en": 5_000, "bills-ko": 41_000},
}
REVIEWS = 150_000
GOLDEN = Path(__file__).parents[1] / "golden"
LONGEST = 0xFFFF  # numbers are written in 16 bits

TYPED = [
    " a  b\u2581\u2581c ",
    "the lamplight lamps. la lamp",
    "\u2581",
    "a\u00bd 1,2 \ud55c\uad6d ",
]

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0", reason="the tables are of the Unicode of Python 3.11"
)


@pytest.fixture(params=LINES)
def folder(request: pytest.FixtureRequest, shared_data: Path, tmp_path: Path) -> Path:
    if request.param == "wordpiece":
        return shared_data / "checkpoints" / "albert-kor-base"
    adopt_vocabulary(shared_data / "vocabulary" / "30k-clean.model", tmp_path / "vocabulary")
    return tmp_path / "vocabulary"


@pytest.mark.slow
def test_real_lines_give_the_same_ids_and_spans(
    folder: Path, shared_data: Path, tmp_path: Path
) -> None:
    counts = LINES["wordpiece" if (folder / "vocab.txt").exists() else "sentencepiece"]
    lines = [line for line in real_lines(shared_data, counts) if len(line) <= LONGEST]
    assert len(lines) >= 200_000
    assert differences(folder, encodings(folder, lines), tmp_path) == (0, len(lines))


@pytest.mark.slow
@same_unicode
def test_random_strings_and_every_character_give_the_same_ids_and_spans(
    folder: Path, tmp_path: Path
) -> None:
    texts = [*random_texts(50_000), *every_character()]
    assert differences(folder, encodings(folder, texts), tmp_path) == (0, len(texts))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_models_with_other_options_give_the_same_ids_and_spans(change: str, tmp_path: Path) -> None:
    model = (GOLDEN / "sentencepiece" / "spiece.model").read_bytes() + CHANGES[change]
    (tmp_path / "spiece.model").write_bytes(model)
    texts = [*HARD, *TYPED, *random_texts(2_000), long_text()]
    plain = load_tokenizer(GOLDEN / "sentencepiece")
    expected = list(encodings(tmp_path, texts))
    assert any(encoding != plain.encode(text) for text, encoding in expected)
    assert differences(tmp_path, expected, tmp_path) == (0, len(texts))


@pytest.mark.slow
@pytest.mark.parametrize("options", [*itertools.product([False, True], [False, True, None])])
def test_wordpiece_with_any_options_gives_the_same_ids_and_spans(
    options: tuple[bool, bool | None], tmp_path: Path
) -> None:
    shutil.copyfile(GOLDEN / "wordpiece" / "vocab.txt", tmp_path / "vocab.txt")
    named = dict(zip(("do_lower_case", "strip_accents"), options, strict=True))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    texts = [*HARD, *TYPED, *random_texts(2_000)]
    assert differences(tmp_path, encodings(tmp_path, texts), tmp_path) == (0, len(texts))


@pytest.mark.slow
def test_one_other_id_or_place_is_a_difference(folder: Path, tmp_path: Path) -> None:
    (text, right) = next(encodings(folder, ["So the lamp \U0001f600 was caf\u00e9."]))
    ids, (*spans, last) = right.token_ids, right.spans
    wrong = [
        replace(right, token_ids=[*ids[:-1], ids[-1] + 1]),
        replace(right, token_ids=ids[:-1], spans=spans),
        replace(right, spans=[*spans, (last[0] - 1, last[1])]),
        replace(right, spans=[*spans, (last[0], last[1] - 1)]),
    ]
    found = differences(folder, ((text, encoding) for encoding in [right, *wrong]), tmp_path)
    assert found == (4, 5)


@pytest.mark.slow
@same_unicode
def test_the_tables_say_of_every_character_what_python_says() -> None:
    found = run_main("org.alberttf.pipeline.text.CharacterListKt").split("\n")
    expected = [line_of(chr(code)) for code in CODES]
    assert len(found) == len(expected)
    assert [
        (hex(code), f, e) for code, f, e in zip(CODES, found, expected, strict=True) if f != e
    ] == []


@same_unicode
def test_the_tables_are_those_that_python_writes() -> None:
    assert TABLES.read_text(encoding="utf-8") == kotlin()


def real_lines(shared_data: Path, counts: Mapping[str, int]) -> Iterator[str]:
    """English and Korean as it is written, and as it is typed."""
    for name, count in counts.items():
        with lzma.open(shared_data / "text" / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
            yield from itertools.islice(filter(str.strip, file), count)
    yield from itertools.islice(reviews(shared_data), REVIEWS)


def every_character() -> Iterator[str]:
    """All characters, some at a time, with ordinary text at both ends."""
    codes = [code for code in CODES if not 0xD800 <= code < 0xE000]
    for start in range(0, len(codes), 16):
        yield f"The {''.join(map(chr, codes[start : start + 16]))}s"


def long_text() -> str:
    """A text whose score goes beyond what 32 bits hold exactly."""
    return "".join(random.Random(0).choices("aeinorst hl\u4e2d\u00e9\ud55c.\U0001f600", k=60_000))


def encodings(folder: Path, texts: Iterable[str]) -> Iterator[tuple[str, Encoding]]:
    reader = load_tokenizer(folder)
    yield from ((text, reader.encode(text)) for text in texts)


def differences(
    folder: Path, expected: Iterable[tuple[str, Encoding]], tmp_path: Path
) -> tuple[int, int]:
    """How many texts the Kotlin reader reads otherwise, and of how many."""
    path = tmp_path / "expected"
    with path.open("wb") as file:
        for text, encoding in expected:
            file.write(record(text, encoding))
        file.write(struct.pack(">i", -1))
    printed = run_main("org.alberttf.pipeline.text.CompareKt", folder, path)
    path.unlink()
    print(folder.name, printed)
    found = re.search(r"(\d+) of (\d+) texts differ", printed)
    assert found, printed
    return int(found[1]), int(found[2])


def record(text: str, encoding: Encoding) -> bytes:
    """One text and its tokens as Compare.kt reads them."""
    content = text.encode()
    starts, ends = zip(*encoding.spans, strict=True) if encoding.spans else ((), ())
    parts = [struct.pack(">i", len(content)), content]
    for numbers in (encoding.token_ids, starts, ends):
        parts += [struct.pack(">i", len(numbers)), np.array(numbers, ">u2").tobytes()]
    return b"".join(parts)


def line_of(character: str) -> str:
    """What CharacterList.kt prints of one character."""
    kinds = {"C": is_control, "P": is_punctuation, "I": is_cjk}
    kind = next((name for name, test in kinds.items() if test(character)), "-")
    parts = unicodedata.normalize("NFD", character)
    plain = ",".join(str(ord(part)) for part in parts if unicodedata.category(part) != "Mn")
    return f"{kind} {ord(character.lower()[0])} {plain}"
