"""Cuts a run of sentences in two and asks which half came first.

documents.chunks  ->  [sentence_order.order_pair]  ->  pretraining.make_example

Both halves always come from one document: a pair is in order or swapped, never
completed from elsewhere, so that topic gives nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from albert_tf.text.tokenizer import Encoding


@dataclass(frozen=True)
class SentencePair:
    """Two halves of one text, in the order the model reads them."""

    first: list[Encoding]  # one or more sentences
    second: list[Encoding]  # one or more sentences
    sop_label: int  # 0 in order, 1 swapped


def order_pair(sentences: Sequence[Encoding], rng: np.random.Generator) -> SentencePair:
    """Splits consecutive sentences at a random boundary and swaps the halves half the time.

    Args:
        sentences: Two or more consecutive sentences of one document.
        rng: The only source of chance.

    Raises:
        ValueError: there are fewer than two sentences, so there is no order to ask for.

    Source: ALBERT (arXiv:1909.11942) section 3.1, "Inter-sentence coherence loss".
    """
    if len(sentences) < 2:
        raise ValueError(f"sentences must hold at least 2 to have an order; got {len(sentences)}.")
    boundary = int(rng.integers(1, len(sentences)))
    halves = list(sentences[:boundary]), list(sentences[boundary:])
    if rng.random() < 0.5:
        return SentencePair(first=halves[0], second=halves[1], sop_label=0)
    return SentencePair(first=halves[1], second=halves[0], sop_label=1)
