"""Reads a corpus and cuts each document into runs of sentences that fill one input.

text file  ->  [documents.read_documents, documents.chunks]  ->  sentence_order.order_pair
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from albert_tf.text.tokenizer import Encoding


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


def chunks(document: Sequence[Encoding], target_tokens: int) -> Iterator[list[Encoding]]:
    """Yields runs of two or more consecutive sentences of about `target_tokens` tokens.

    A run ends with the sentence that reaches the target. A last sentence left alone
    joins the run before it; a document of one sentence has no order and yields nothing.

    Args:
        document: Its sentences, encoded, in order.
        target_tokens: Tokens that one input has room for, special tokens not counted.
    """
    run: list[Encoding] = []
    waiting: list[Encoding] = []
    for sentence in document:
        run.append(sentence)
        if len(run) > 1 and sum(len(part.token_ids) for part in run) >= target_tokens:
            if waiting:
                yield waiting
            waiting, run = run, []
    if len(run) == 1:
        run = waiting + run
        waiting = []
    if waiting:
        yield waiting
    if len(run) > 1:
        yield run
