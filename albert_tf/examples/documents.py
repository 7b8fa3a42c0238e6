"""Reads the documents of a corpus.

text_files  ->  [documents.DocumentReader]  ->  units, text.vocabulary

A document is a list of paragraphs; in the official format each is one sentence.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from albert_tf.examples.text_files import LONGEST_LINE, LineReader, TextFile, cut

FORMATS = ("text", "lines", "jsonl")
LONGEST_DOCUMENT = 4_000_000  # characters
_LONGEST_JSON = 32_000_000  # characters; a line of JSON cannot be cut
_HALF = re.compile("[\ud800-\udfff]")  # of a character; an escape in JSON can spell it


class DocumentReader:
    """Streams the documents of text files in bounded memory, and counts what it changed.

    Three forms: `text`, in which a blank line ends a document; `lines`, a document per
    line; `jsonl`, an object per line whose `field` is a document. Each line of a document
    is a paragraph. A line of more than 1,000,000 characters becomes several paragraphs,
    a document of more than 4,000,000 several documents. JSON cannot be cut: a line of it of
    more than 32,000,000 is refused.

    Args:
        paths: The files, read in this order. A file ends the document in it.
        form: One of `FORMATS`; by default `jsonl` for names with .jsonl, else `text`.
        field: The name that carries the text of a `jsonl` object.

    Attributes:
        lines: Reader of the files, with counts of its own.
        documents: Documents met so far, empty ones included.
        cut_documents: Documents that were longer than allowed.

    Raises:
        ValueError: an unknown form.

    Source: google-research/albert create_pretraining_data.py, for `text`.
    """

    def __init__(
        self, paths: Sequence[TextFile], form: str | None = None, field: str = "text"
    ) -> None:
        if form not in {None, *FORMATS}:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}; got {form!r}.")
        self.paths = paths
        self.form = form
        self.field = field
        self.lines = LineReader()
        self.documents = 0
        self.cut_documents = 0

    @property
    def counts(self) -> dict[str, int]:
        """What was read so far, and what was changed."""
        return {
            "bytes": self.lines.position,
            "documents": self.documents,
            "replaced": self.lines.replaced,
            "cut_lines": self.lines.cut_lines,
            "cut_documents": self.cut_documents,
        }

    def __iter__(self) -> Iterator[list[str]]:
        """Yields each document that holds text."""
        readers: dict[str, Callable[[TextFile], Iterator[str | None]]] = {
            "text": self._read_text,
            "lines": self._read_lines,
            "jsonl": self._read_jsonl,
        }
        for path in self.paths:
            form = self.form or ("jsonl" if ".jsonl" in path.suffixes else "text")
            yield from self._gather(readers[form](path))

    def _gather(self, paragraphs: Iterator[str | None]) -> Iterator[list[str]]:
        """Joins paragraphs to documents; None ends one."""
        document: list[str] = []
        length, cuts = 0, 0
        for paragraph in chain(paragraphs, [None]):
            if paragraph is None:
                if document:
                    self.documents += 1
                    self.cut_documents += cuts > 0
                    yield document
                document, length, cuts = [], 0, 0
                continue
            if document and length + len(paragraph) + 1 > LONGEST_DOCUMENT:
                self.documents += 1
                cuts += 1
                yield document
                document, length = [], 0
            document.append(paragraph)
            length += len(paragraph) + 1

    def _read_text(self, path: TextFile) -> Iterator[str | None]:
        blank = True
        for line, ends in self.lines.lines(path):
            if paragraph := line.strip():
                yield paragraph
            blank = blank and not paragraph
            if ends:
                if blank:
                    yield None
                blank = True

    def _read_lines(self, path: TextFile) -> Iterator[str | None]:
        for line, ends in self.lines.lines(path):
            if paragraph := line.strip():
                yield paragraph
            if ends:
                yield None

    def _read_jsonl(self, path: TextFile) -> Iterator[str | None]:
        for number, (line, ends) in enumerate(self.lines.lines(path, _LONGEST_JSON), 1):
            if not ends:
                raise ValueError(
                    f"{path} line {number} must have at most {_LONGEST_JSON:,} characters."
                )
            if not line.strip():
                continue
            text, halves = _HALF.subn("\ufffd", self._field(line, f"{path} line {number}"))
            self.lines.replaced += halves
            self.documents += not text.strip()
            for paragraph in io.StringIO(text.replace("\r", "\n")):
                self.lines.cut_lines += len(paragraph) > LONGEST_LINE
                for piece in cut(paragraph, LONGEST_LINE):
                    if piece.strip():
                        yield piece.strip()
            yield None

    def _field(self, line: str, place: str) -> str:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{place} is not JSON: {error}.") from error
        if not isinstance(values, dict) or self.field not in values:
            names = sorted(values) if isinstance(values, dict) else type(values).__name__
            raise ValueError(f"{place} has no field {self.field!r}; it holds {names}.")
        text = values[self.field]
        if not isinstance(text, str):
            raise ValueError(f"{place}: {self.field!r} must be text; got {type(text).__name__}.")
        return text
