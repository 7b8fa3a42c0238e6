"""Chunks fill an input, stay inside one document, and follow from that alone."""

import numpy as np
import pytest

from albert_tf.examples.chunks import Chunks
from albert_tf.examples.shards import TokenShard, make_shard
from tests.examples.chunk_contents import alternate_along_shards, contents


def shard(documents: list[list[int]]) -> TokenShard:
    """A shard of sentences of these lengths; a token is the number of its sentence."""
    lengths = [length for document in documents for length in document]
    numbered = iter([[number] * length for number, length in enumerate(lengths)])
    return make_shard([[next(numbered) for _ in document] for document in documents], 1 << 16)


def sizes(lengths: list[int], target: int, *, lone: bool = False) -> list[list[int]]:
    chunks = Chunks([shard([lengths])], target, lone_sentences=lone)
    return [np.diff(chunk.offsets).tolist() for chunk in chunks]


def many(seed: int, documents: int = 97, longest: int = 40) -> TokenShard:
    rng = np.random.default_rng(seed)
    return shard([rng.integers(1, 23, rng.integers(1, longest)).tolist() for _ in range(documents)])


def test_chunks_end_where_the_target_is_reached() -> None:
    assert sizes([5, 5, 5, 5, 5, 5], target=10) == [[5, 5], [5, 5], [5, 5]]


def test_a_last_sentence_joins_the_chunk_before_it() -> None:
    assert sizes([5, 5, 5, 5, 6], target=10) == [[5, 5], [5, 5, 6]]


def test_what_is_left_of_a_document_is_a_shorter_chunk() -> None:
    assert sizes([5, 6, 1, 2], target=10) == [[5, 6], [1, 2]]


def test_a_long_first_sentence_still_gets_company() -> None:
    assert sizes([50, 5, 5, 5], target=10) == [[50, 5], [5, 5]]


def test_a_document_of_an_odd_number_of_tokens_is_cut_from_its_end() -> None:
    chunks = Chunks([shard([[3, 9, 3, 9, 4], [3, 9, 3, 9, 3]])], target=12)
    cut = [np.diff(chunk.offsets).tolist() for chunk in chunks]
    assert cut == [[3, 9], [3, 9, 4], [3, 9, 3], [9, 3]]


def test_every_other_stretch_of_a_long_document_is_cut_from_the_other_end() -> None:
    chunks = Chunks([shard([[2, 3] * 512])], target=7)
    cut = [tuple(np.diff(chunk.offsets)) for chunk in chunks]
    assert cut[:171] == [(2, 3, 2), (3, 2, 3)] * 85 + [(2, 3)]
    assert cut[171:] == [(2, 3)] + [(2, 3, 2), (3, 2, 3)] * 85


def test_chunks_are_the_same_however_documents_are_divided_among_shards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    documents = [
        [rng.integers(5, 50_000, rng.integers(1, 23)).tolist() for _ in range(count)]
        for count in (7, 31, 1, 1900, 2, 11)
    ]
    whole = [make_shard(documents, 1 << 16)]
    divided = [
        [make_shard(documents[:at], 1 << 16), make_shard(documents[at:], 1 << 16)]
        for at in range(1, len(documents))
    ]
    assert all(contents(parts) == contents(whole) for parts in divided)
    alternate_along_shards(monkeypatch)  # the control
    assert any(contents(parts) != contents(whole) for parts in divided)


def test_a_lone_sentence_is_a_chunk_only_where_it_is_asked_for() -> None:
    assert sizes([5], target=10) == []
    assert sizes([5], target=10, lone=True) == [[5]]
    assert sizes([], target=10, lone=True) == []
    assert len(Chunks([], 10)) == 0


@pytest.mark.parametrize("target", [1, 29, 1009])
def test_chunks_hold_every_sentence_once_and_never_two_documents(target: int) -> None:
    shards = [many(0), many(1), many(2, documents=2, longest=3000)]
    chunks = Chunks(shards, target, lone_sentences=True)
    seen = []
    for number, chunk in enumerate(chunks):
        tokens = chunk.ids(0, len(chunk))
        assert number in chunks.of_same_document(number)
        seen.append(tokens)
    np.testing.assert_array_equal(np.concatenate(seen), np.concatenate([s.tokens for s in shards]))
    documents = [chunks.of_same_document(number) for number in range(len(chunks))]
    assert len({same.start for same in documents}) == sum(s.counts["documents"] for s in shards)
    last = [same.stop - 1 for same in documents]
    # Each chunk but one of a document, or of a stretch of 512 sentences, reaches the target.
    short = [n for n, chunk in enumerate(chunks) if chunk.offsets[-1] - chunk.offsets[0] < target]
    stretches = 2 * 97 + 2 * 3000 // 512 + 1
    assert len(short) <= min(stretches, len(set(last)) + 12)
    assert all(len(chunk) > 1 for n, chunk in enumerate(chunks) if len(documents[n]) > 1)


def test_one_document_in_two_directions_puts_the_crossing_sentence_at_both_ends() -> None:
    # Sentences of 1 and of 19 tokens: the one that reaches a target of 10 is nearly always
    # long. Half of the stretches are cut from each end, so first and last are long alike.
    lengths = np.where(np.random.default_rng(0).random(40_000) < 0.2, 19, 1).tolist()
    chunks = Chunks([shard([lengths])], 10)
    ends = np.array([np.diff(chunk.offsets)[[0, -1]] for chunk in chunks])
    first, last = (ends == 19).mean(0)
    assert first == pytest.approx(last, abs=0.02)  # about 9,000 chunks; 3 sigma is 0.02
    assert last > 0.4  # not 0.2: reaching a target is what long sentences do


def test_reading_on_ends_with_the_target_or_the_document() -> None:
    chunks = Chunks([shard([[2, 3, 4, 5], [6, 7]])], target=5)
    assert chunks.read_on(0, 1, 4).tolist() == [1, 1, 1, 2, 2, 2, 2]  # past the chunk's end
    assert chunks.read_on(1, 1, 5).tolist() == [3] * 5
    assert chunks.read_on(1, 1, 6).tolist() == [2] * 4 + [3] * 5  # the document ends
    assert chunks.read_on(1, 0, 100).tolist() == [0] * 2 + [1] * 3 + [2] * 4 + [3] * 5
    assert chunks.read_on(2, 0, -3).tolist() == [4] * 6
    with pytest.raises(IndexError, match="from 0 to 2; got 3"):
        chunks[3]
