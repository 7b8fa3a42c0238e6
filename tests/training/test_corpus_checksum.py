"""A run goes on with the text it began with, wherever that changed."""

from pathlib import Path

import pytest

from albert_tf.examples.corpus import write_shards
from albert_tf.examples.shards import TokenShards
from albert_tf.training import pretrain as pretraining
from albert_tf.training.corpus_checksum import corpus_checksum
from albert_tf.training.pretrain import open_examples
from tests.story_shards import write_stories
from tests.training.test_pretrain import store
from tests.training.test_trainer import OPTIONS, Killed, config, kill

FIRST = 4  # documents that stay as they are


def other_end(stories: list[list[str]]) -> list[list[str]]:
    """The same documents, but that all after the first few have their words in reverse."""
    return stories[:FIRST] + [
        [" ".join(reversed(sentence.split())) for sentence in story] for story in stories[FIRST:]
    ]


def test_changed_text_is_seen_though_every_count_is_the_same(
    tmp_path: Path, shards: TokenShards, stories: list[list[str]]
) -> None:
    again = write_stories(stories, shards.tokenizer, tmp_path / "again")
    changed = write_stories(other_end(stories), shards.tokenizer, tmp_path / "changed")
    assert [shard.counts for shard in changed.shards] == [shard.counts for shard in again.shards]
    assert corpus_checksum(again) == corpus_checksum(shards) != corpus_checksum(changed)


def test_the_checksums_of_the_manifest_stand_for_the_text(
    tmp_path: Path, stories: list[list[str]], vocabulary: Path
) -> None:
    made = []
    for number, documents in enumerate((stories, stories, other_end(stories))):
        text = tmp_path / f"{number}.txt"
        text.write_text("\n\n".join("\n".join(story) for story in documents), encoding="utf-8")
        write_shards([text], vocabulary, tmp_path / str(number), workers=1)
        made.append(TokenShards(tmp_path / str(number)))
        for array in tmp_path.glob(f"{number}/*.tokens.npy"):
            array.unlink()  # which need not be read
    first, again, changed = map(corpus_checksum, made)
    assert first == again != changed


def test_changed_static_examples_are_seen(
    tmp_path: Path, shards: TokenShards, stories: list[list[str]]
) -> None:
    changed = write_stories(other_end(stories), shards.tokenizer, tmp_path / "changed")
    for name, source in (("first", shards), ("again", shards), ("other", changed)):
        store(source, tmp_path / name)
    first, again, other = (
        corpus_checksum(open_examples(tmp_path / name)) for name in ("first", "again", "other")
    )
    assert first == again != other


def test_other_text_cannot_continue_a_run(
    tmp_path: Path,
    shards: TokenShards,
    stories: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = write_stories(other_end(stories), shards.tokenizer, tmp_path / "changed")
    monkeypatch.setattr(pretraining, "fit", lambda *_, **__: kill())  # as the run begins
    monkeypatch.setattr(pretraining, "matmul_peak", lambda *_: 1.0)  # which takes a while
    with pytest.raises(Killed):
        pretraining.pretrain(shards, config(shards), OPTIONS, tmp_path / "out")
    first, other = map(corpus_checksum, (shards, changed))
    with pytest.raises(ValueError, match=f"run whose corpus was '{first}', not '{other}'"):
        pretraining.pretrain(changed, config(shards), OPTIONS, tmp_path / "out")
