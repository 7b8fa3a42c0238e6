"""Splits paragraphs into sentences.

documents  ->  [sentences.SentenceSplitter]  ->  units
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from albert_tf.examples.text_files import cut

MODES = ("split", "lines")
# The time sentencex takes grows with the square of a text's length where it is not ASCII.
_WINDOW = 2000  # characters
_WORD = re.compile(r"[^\W_]")
# sentencex 1.0 panics on some of them before a full stop.
_OTHER_SPACE = re.compile(r"[^\S\x00-\x7f]")
_CODE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]+)*")


class SentenceSplitter:
    """Splits paragraphs into sentences, by the rules of a language or not at all.

    A sentence holds a letter or a digit: a mark that stands alone joins the sentence
    before it, and a paragraph of marks has no sentence. A sentence of more than 2000
    characters is cut at white space.

    Args:
        mode: `split`, or `lines`, which takes every paragraph for one sentence.
        language: An ISO 639 code; one that sentencex does not know is read by rules
            that most languages share.

    Raises:
        ValueError: an unknown mode, or no language code.
        ModuleNotFoundError: sentencex is not installed.

    >>> SentenceSplitter("split", "en").split('Dr. Low came. "Where?" she asked . . . !')
    ['Dr. Low came.', '"Where?" she asked . . . !']
    """

    def __init__(self, mode: str = "split", language: str = "en") -> None:
        if mode not in MODES:
            raise ValueError(f"sentences must be one of {', '.join(MODES)}; got {mode!r}.")
        if not _CODE.fullmatch(language):
            raise ValueError(f"language must be a code such as en or ko; got {language!r}.")
        self.mode = mode
        self.language = language
        if mode == "split":
            import sentencex

            self._segment = sentencex.segment

    def split(self, paragraph: str) -> list[str]:
        """The sentences of a paragraph, without white space around them."""
        if self.mode == "lines":
            return [paragraph.strip()] if paragraph.strip() else []
        sentences: list[str] = []
        waiting = ""  # marks before the first sentence
        for part in self._parts(paragraph):
            if _WORD.search(part):
                sentences.append((waiting + part).strip())
                waiting = ""
            elif sentences:
                sentences[-1] = f"{sentences[-1]} {part}".rstrip()
            else:
                waiting += part
        return sentences

    def _parts(self, paragraph: str) -> Iterator[str]:
        """Pieces of the paragraph as sentencex cuts it, read through a window."""
        while len(paragraph) > _WINDOW:
            window = next(cut(paragraph, _WINDOW))
            *whole, last = self._sentences(window)
            # The last may go on beyond the window.
            yield from whole or [last]
            paragraph = paragraph[sum(map(len, whole or [last])) :]
        yield from self._sentences(paragraph)

    def _sentences(self, text: str) -> Iterator[str]:
        """Sentences as sentencex cuts them, with the white space after each."""
        start = 0
        for sentence in self._segment(self.language, _OTHER_SPACE.sub(" ", text)):
            yield text[start : start + len(sentence)]
            start += len(sentence)
