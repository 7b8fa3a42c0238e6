"""Reads the documents of a corpus.

text file  ->  [documents.read_documents]  ->  text.vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def read_documents(path: str | Path) -> Iterator[list[str]]:
    """Yields the documents of a text file: one sentence per line, blank line between documents.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not UTF-8.

    Source: google-research/albert create_pretraining_data.py, input format.
    """
    sentences: list[str] = []
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    sentences.append(line.strip())
                elif sentences:
                    yield sentences
                    sentences = []
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8 text: {error}.") from error
    if sentences:
        yield sentences
