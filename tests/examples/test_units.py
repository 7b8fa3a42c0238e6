"""Units follow from the documents; their ids are those of their sentences."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples import units
from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.sentences import SentenceSplitter
from albert_tf.examples.units import (
    Unit,
    UnitEncoder,
    encode_documents,
    encode_units,
    make_units,
)
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.text.wordpiece import WordPieceTokenizer

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_unit_ends_with_the_document_that_fills_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "UNIT_CHARACTERS", 5)
    (tmp_path / "a").write_text("abc\n\nde\n\nf\n\n")
    (tmp_path / "b").write_text("g\nh\n")
    made = list(make_units(DocumentReader([tmp_path / "a", tmp_path / "b"])))
    assert [unit.text for unit in made] == [b"abc\n\nde", b"f\n\ng\nh"]
    assert made[-1].position == 16


def test_ids_are_those_of_each_sentence(tokenizer: Tokenizer) -> None:
    documents = [["Mina was here. Ravi left."], ["***"], ["He slept."]]
    shard = encode_documents(documents, tokenizer, SentenceSplitter())
    expected = tokenizer.encode_ids(["Mina was here.", "Ravi left.", "He slept."])
    assert shard.tokens.tolist() == [token for ids in expected for token in ids]
    assert np.diff(shard.sentences).tolist() == list(map(len, expected))
    assert shard.documents.tolist() == [0, 2, 3]


def test_wordpiece_vocabularies_serve_as_well() -> None:
    tokenizer = WordPieceTokenizer(GOLDEN / "wordpiece" / "vocab.txt")
    texts = ["one text", "", "another"]
    flat = tokenizer.encode_flat(texts)
    assert flat.token_ids.tolist() == [i for ids in tokenizer.encode_ids(texts) for i in ids]
    assert flat.lengths.tolist() == list(map(len, tokenizer.encode_ids(texts)))


def test_unknown_tokens_are_counted(vocabulary: Path) -> None:
    encoder = UnitEncoder(vocabulary, "split", "en")
    known = encoder.encode(Unit(b"Mina was here.", 14, 14))
    assert known.unknown == 0
    assert encoder.encode(Unit("Mina was \u4e00 here.".encode(), 16, 18)).unknown == 1


def test_few_units_are_read_ahead_and_results_keep_their_order(vocabulary: Path) -> None:
    read: list[int] = []

    def texts() -> Iterator[Unit]:
        for number in range(12):
            read.append(number)
            yield Unit(b"Mina was here. " * (1 if number % 2 else 2000), 15, number)

    ahead = [
        (unit.position, len(read))
        for unit in encode_units(texts(), vocabulary, "split", "en", workers=2)
    ]
    assert [position for position, _ in ahead] == list(range(12))
    assert max(count - position for position, count in ahead) == 6
