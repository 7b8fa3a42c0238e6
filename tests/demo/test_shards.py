"""Documents in memory become a folder that opens as any other."""

from pathlib import Path

from albert_tf.demo.shards import write_stories
from albert_tf.text.tokenizer import Tokenizer


def test_what_was_written_is_what_is_read(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    shards = write_stories(stories, tokenizer, tmp_path / "new")
    (shard,) = shards.shards
    encoded = [ids for story in stories for ids in tokenizer.encode_ids(story)]
    assert shard.tokens.tolist() == [token for ids in encoded for token in ids]
    assert shard.counts["documents"] == len(stories)
    assert shards.tokenizer.encode_ids(["Mina sat."]) == tokenizer.encode_ids(["Mina sat."])
