"""Neither lengths nor words tell whether two halves were swapped; only their order can.

A logistic regression reads what does not depend on order: the lengths of both segments, and
how often each frequent word is in both together. It must stay at chance on documents it has
not seen, and must find what each of two leaky ways of making examples gives away, and a word.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from albert_tf.examples import chunks
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.shards import TokenShard, TokenShards
from tests.examples.test_pretraining_statistics import joined

pytestmark = pytest.mark.slow
T = 64
WORDS = 500  # most frequent


@dataclass(frozen=True)
class Pairs:
    """What a classifier without a sense of order may see, and what it must not find."""

    lengths: np.ndarray  # [N, 5]
    counts: np.ndarray  # [N, WORDS] of both segments together
    labels: np.ndarray  # [N]
    held_out: np.ndarray  # [N] whether the pair is of a document kept for the test


def made_pairs(
    shards: TokenShards, objective: str = "sop", count: int = 40_000, seed: int = 0
) -> Pairs:
    shape = PretrainingShape.of(shards.tokenizer, T)
    made_by = PretrainingBatches(shards, shape, objective=objective, batch_size=4000, seed=seed)
    made = joined([made_by(step) for step in range(count // 4000)])
    document = [
        made_by.chunks.of_same_document(made_by.chunk(number)).start for number in range(count)
    ]
    ids = np.where(np.isin(made["true_ids"], [0, 2, 3]), -1, made["true_ids"])
    second = made["segment_ids"].sum(1) - 1
    first = made["padding_mask"].sum(1) - second - 3
    return describe(ids, first, second, made[f"{objective}_label"], np.array(document))


def leaky_pairs(shards: TokenShards, count: int = 40_000) -> Pairs:
    """As the official code makes them: a chunk of one sentence gets a random second segment.

    Source: google-research/albert create_pretraining_data.py, create_instances_from_document.
    """
    rng, (shard,) = np.random.default_rng(0), shards.shards
    bounds = np.array(shard.sentences, np.int64)
    rows, sizes, labels, documents = [], [], [], []
    for document in rng.permutation(len(shard.documents) - 1):
        at, end = (int(place) for place in shard.documents[document : document + 2])
        while at < end and len(rows) < count:
            last = min(int(np.searchsorted(bounds, bounds[at] + T - 3)), end)
            middle = at + (1 if last - at == 1 else int(rng.integers(1, last - at)))
            label = int(last - at == 1 or rng.random() < 0.5)
            halves = [slice(bounds[at], bounds[middle]), slice(bounds[middle], bounds[last])]
            if last - at == 1:
                begin = int(rng.integers(len(shard.tokens) - T))
                halves[1] = slice(begin, begin + max(1, T - 3 - int(bounds[last] - bounds[at])))
            elif label:
                halves.reverse()
            rows.append(np.concatenate([shard.tokens[half][: T // 2] for half in halves]))
            sizes.append([half.stop - half.start for half in halves])
            labels.append(label)
            documents.append(document)
            at = last
    ids = np.full((len(rows), T), -1)
    for row, tokens in zip(ids, rows, strict=True):
        row[: len(tokens)] = tokens
    first, second = np.minimum(np.array(sizes).T, T - 4)
    return describe(ids, first, second, np.array(labels), np.array(documents))


def describe(
    ids: np.ndarray, first: np.ndarray, second: np.ndarray, labels: np.ndarray, document: np.ndarray
) -> Pairs:
    frequent = np.argsort(-np.bincount(ids[ids >= 0], minlength=30_000))[:WORDS]
    column = np.full(30_001, WORDS)
    column[frequent] = np.arange(WORDS)
    counts = np.zeros((len(ids), WORDS + 1), np.float32)
    np.add.at(counts, (np.arange(len(ids))[:, None], column[ids]), 1)
    lengths = np.stack([first, second, abs(first - second), first > second, first + second], 1)
    return Pairs(lengths, np.log1p(counts[:, :WORDS]), labels, document % 4 == 0)


def surplus(features: np.ndarray, pairs: Pairs) -> float:
    """Held-out accuracy of a logistic regression above the better constant answer, in sigmas."""
    x = (features - features.mean(0)) / (features.std(0) + 1e-6)
    x = np.concatenate([x, np.ones((len(x), 1))], 1).astype(np.float32)
    y, test = pairs.labels.astype(np.float32), pairs.held_out
    weights = speed = np.zeros(x.shape[1], np.float32)
    rate = 4 / np.linalg.norm(x[~test][:4000].T @ x[~test][:4000] / 4000, 2)
    for _ in range(100):
        error = 1 / (1 + np.exp(-x[~test] @ weights)) - y[~test]
        speed = 0.9 * speed - 0.1 * rate * (x[~test].T @ error / len(error) + 1e-3 * weights)
        weights = weights + speed
    right = np.mean((x[test] @ weights > 0) == (y[test] == 1))
    constant = max(y[test].mean(), 1 - y[test].mean())
    return float((right - constant) / np.sqrt(constant * (1 - constant) / test.sum()))


@pytest.fixture(scope="module")
def pairs(real_shards: TokenShards) -> Pairs:
    return made_pairs(real_shards)


# About 10,000 held-out pairs: sigma is half a percent of accuracy. A classifier that knows
# nothing is at most 3 sigmas above the better constant answer in 999 of 1,000 runs.
def test_lengths_do_not_tell_the_order(pairs: Pairs) -> None:
    assert surplus(pairs.lengths, pairs) < 3


def test_words_and_lengths_do_not_tell_the_order(pairs: Pairs) -> None:
    assert surplus(np.hstack([pairs.lengths, pairs.counts]), pairs) < 3


# Where a document ends before the target, whole sentences from elsewhere are a little longer
# than what they replace; on five times this text that is up to 2 percent, 4 sigmas.
def test_lengths_hardly_tell_where_a_next_sentence_is_from(real_shards: TokenShards) -> None:
    next_sentences = made_pairs(real_shards, "nsp")
    assert surplus(next_sentences.lengths, next_sentences) < 5


def test_the_official_chunks_of_one_sentence_are_found(real_shards: TokenShards) -> None:
    leaky = leaky_pairs(real_shards)
    assert surplus(leaky.lengths, leaky) > 6
    assert surplus(np.hstack([leaky.lengths, leaky.counts]), leaky) > 6


def test_labels_that_a_word_gives_away_are_found(pairs: Pairs) -> None:
    holds = pairs.counts > 0
    word = np.argmin(abs(holds.mean(0) - 0.5))  # in about half of the pairs
    told = np.random.default_rng(1).random(len(pairs.labels)) < 0.2
    leaky = replace(pairs, labels=np.where(told, holds[:, word], pairs.labels))
    assert surplus(pairs.counts, leaky) > 6  # 10 sigmas; of labels of which it tells a tenth, 1
    assert surplus(0 * pairs.counts, leaky) < 3


def test_chunks_cut_from_the_front_alone_are_found(
    real_shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_the_front(shard: TokenShard, target: int) -> np.ndarray:
        offsets = (np.array(part, np.int64) for part in (shard.sentences, shard.documents))
        return chunks._greedy(*offsets, target).astype(np.uint32)

    monkeypatch.setattr(chunks, "_bounds", from_the_front)
    leaky = made_pairs(real_shards)
    assert surplus(leaky.lengths, leaky) > 3
