"""What both readers give, as files that readers in other languages are tested with.

`tests/golden` holds a small SentencePiece model and a small `vocab.txt`, made here, and for each
a list of texts with their ids, pieces and spans in characters (code points). To renew them:

    python -m tests.text.test_golden
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf.demo.world import tell_story
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary import train_vocabulary
from tests.text.test_normalization import FRENCH, GREEK, HARD, KOREAN, NUMBERS, random_texts

GOLDEN = Path(__file__).parents[1] / "golden"
READERS = ("sentencepiece", "wordpiece")
ODD = [
    "[MASK] [CLS] <pad>",
    "a\0b",
    " ",
    "a" * 101,
    "\u2581a \u2581",
    "Mina's caf\u00e9, 1,0 \u00bd.",
    "a\u2260b \u226e\u226f",
]


def stories() -> list[str]:
    rng = np.random.default_rng(0)
    return [line for _ in range(60) for line in tell_story(rng).sentences]


def texts() -> list[str]:
    return [*stories()[:60], *NUMBERS[:5], KOREAN[0], *GREEK[:2], *FRENCH[:2], *HARD, *ODD,
            *random_texts(300)]  # fmt: skip


def vectors(reader: Tokenizer) -> list[dict[str, Any]]:
    found = [(text, reader.encode(text)) for text in texts()]
    return [
        {"text": text, "ids": e.token_ids, "pieces": e.pieces, "spans": [list(s) for s in e.spans]}
        for text, e in found
    ]


@pytest.mark.parametrize("name", READERS)
def test_the_readers_give_the_golden_vectors(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    found = vectors(load_tokenizer(GOLDEN / name))
    assert [vector["text"] for vector in found] == [vector["text"] for vector in expected]
    for vector, golden in zip(found, expected, strict=True):
        assert vector == golden
    assert sum(len(vector["ids"]) for vector in expected) > 1_000


def renew() -> None:
    """Makes both vocabularies if they are not there, and writes what the readers give."""
    if not (GOLDEN / "sentencepiece").exists():
        corpus = stories() + KOREAN + GREEK + FRENCH + NUMBERS
        train_vocabulary(corpus, GOLDEN / "sentencepiece", vocab_size=300)
    (GOLDEN / "wordpiece").mkdir(exist_ok=True)
    words = " ".join(stories() + KOREAN + GREEK + FRENCH + NUMBERS).lower()
    letters = sorted({letter for letter in words if not letter.isspace()})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += [f"##{letter}" for letter in letters]
    pieces += ["the", "was", "garden", "##s", "cafe", "##ing"]
    (GOLDEN / "wordpiece" / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    for name in READERS:
        lines = [json.dumps(v, ensure_ascii=True) for v in vectors(load_tokenizer(GOLDEN / name))]
        text = "[\n" + ",\n".join(lines) + "\n]\n"
        (GOLDEN / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
