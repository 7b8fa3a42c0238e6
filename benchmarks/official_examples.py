"""The official way to pretraining examples, written from its documented steps, for a benchmark.

Every line is cleaned in Python and kept as a list of pieces; then `DUPLICATES` passes over all
documents make instances with n-gram masking. Writing TFRecords is left out, which favours it.

Source: google-research/albert create_pretraining_data.py and tokenization.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece

LENGTH = 512
MOST_MASKS = 77
DUPLICATES = 40
Document = list[list[str]]


def read_documents(path: Path, model: sentencepiece.SentencePieceProcessor) -> list[Document]:
    """All documents of a file in the official format, as pieces."""
    from tests.text.official import official_pieces, official_text

    documents: list[Document] = [[]]
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                documents.append([])
                continue
            if pieces := official_pieces(model, official_text(line)):
                documents[-1].append(pieces)
    return [document for document in documents if document]


def count_instances(documents: list[Document], words: list[str]) -> int:
    """Makes the instances of all passes, keeps them as the official code does, and counts them."""
    rng = random.Random(0)
    rng.shuffle(documents)
    instances = [
        instance
        for _ in range(DUPLICATES)
        for document in documents
        for instance in make_instances(document, words, rng)
    ]
    rng.shuffle(instances)
    return len(instances)


def make_instances(
    document: Document, words: list[str], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Cuts one document into masked pairs, as create_instances_from_document does."""
    room = LENGTH - 3
    target = room if rng.random() >= 0.1 else rng.randint(2, room)
    chunk: Document = []
    length = 0
    for number, sentence in enumerate(document):
        chunk.append(sentence)
        length += len(sentence)
        if number < len(document) - 1 and length < target:
            continue
        end = rng.randint(1, len(chunk) - 1) if len(chunk) >= 2 else 1
        first = [piece for part in chunk[:end] for piece in part]
        second = [piece for part in chunk[end:] for piece in part]
        chunk, length = [], 0
        if not first or not second:
            continue
        swapped = rng.random() < 0.5
        if swapped:
            first, second = second, first
        truncate(first, second, room, rng)
        pieces = ["[CLS]", *first, "[SEP]", *second, "[SEP]"]
        segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
        yield {**mask(pieces, words, rng), "segments": segments, "swapped": swapped}


def truncate(first: list[str], second: list[str], room: int, rng: random.Random) -> None:
    """Drops pieces of the longer segment, at its front or its back."""
    while len(first) + len(second) > room:
        longer = first if len(first) > len(second) else second
        if rng.random() < 0.5:
            del longer[0]
        else:
            longer.pop()


def mask(pieces: list[str], words: list[str], rng: random.Random) -> dict[str, Any]:
    """Hides whole words in runs of up to three, as create_masked_lm_predictions does."""
    candidates = whole_words(pieces)
    most = min(MOST_MASKS, max(1, round(len(pieces) * 0.15)))
    runs = [
        [candidates[index : index + length] for length in (1, 2, 3)]
        for index in range(len(candidates))
    ]
    rng.shuffle(runs)
    output, hidden = list(pieces), set[int]()
    for choices in runs:
        if len(hidden) >= most:
            break
        if any(index in hidden for part in choices[0] for index in part):
            continue
        places = choose(choices, most - len(hidden))
        if any(index in hidden for index in places):
            continue
        for index in places:
            hidden.add(index)
            draw = rng.random()
            if draw < 0.8:
                output[index] = "[MASK]"
            elif draw < 0.9:
                output[index] = words[rng.randint(0, len(words) - 1)]
    return {"pieces": output, "masks": [(index, pieces[index]) for index in sorted(hidden)]}


def whole_words(pieces: list[str]) -> list[list[int]]:
    """The places of each word."""
    words: list[list[int]] = []
    for index, piece in enumerate(pieces):
        if piece in {"[CLS]", "[SEP]"}:
            continue
        if words and not piece.startswith("\u2581"):
            words[-1].append(index)
        else:
            words.append([index])
    return words


def choose(choices: list[list[list[int]]], room: int) -> list[int]:
    """The places of a run of words, as long as drawn or as there is room for; none if there is."""
    odds = 1.0 / np.arange(1, 4)
    length = np.random.choice([1, 2, 3], p=odds / odds.sum(keepdims=True))  # noqa: NPY002
    places = [index for part in choices[length - 1] for index in part]
    while len(places) > room and length > 1:
        length -= 1
        places = [index for part in choices[length - 1] for index in part]
    return places if len(places) <= room else []
