"""A folder belongs to one corpus, and says what of it is done."""

from pathlib import Path

import pytest

from albert_tf.examples.shard_folder import ShardFolder
from albert_tf.examples.shards import MANIFEST_FILE, make_shard
from albert_tf.json_file import read_json_object

SETTINGS = {"language": "en", "files": [["a.txt", 3], ["b.txt", 5]]}


def begun(folder: Path) -> ShardFolder:
    """A folder with two of its shards."""
    shards = ShardFolder(folder, SETTINGS)
    for number in range(2):
        shards.add(make_shard([[[5 + number]]], 120), text=f"checksum {number}")
    return shards


def test_a_folder_goes_on_with_its_records(tmp_path: Path) -> None:
    before = begun(tmp_path / "out")
    after = ShardFolder(tmp_path / "out", SETTINGS)
    assert after.records == before.records
    assert [record["text"] for record in after.records] == ["checksum 0", "checksum 1"]
    assert [shard.tokens.tolist() for shard in after.shards()] == [[5], [6]]


@pytest.mark.parametrize(("changed", "message"), [
    ({"language": "ko"}, r'begun with other language: it was "en" and is "ko"'),
    ({"files": [["a.txt", 3], ["b.txt", 6]]},
     r'other files: it was \["b.txt", 5\] and is \["b.txt", 6\]'),
    ({"files": [["a.txt", 3]]}, r'other files: it was \["b.txt", 5\] and is null'),
    ({"later": 1}, "other later: it was null and is 1"),
])  # fmt: skip
def test_other_settings_are_refused_by_name(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    begun(tmp_path / "out")
    with pytest.raises(ValueError, match=message):
        ShardFolder(tmp_path / "out", {**SETTINGS, **changed})


def test_the_manifest_names_the_counts_and_the_text_of_every_shard(tmp_path: Path) -> None:
    begun(tmp_path / "out").finish({"vocab_size": 120})
    manifest = read_json_object(tmp_path / "out" / MANIFEST_FILE)
    counts = {"tokens": 1, "sentences": 1, "documents": 1}
    texts = [{**counts, "text": f"checksum {number}"} for number in range(2)]
    assert manifest == {"vocab_size": 120, "shards": texts}


def test_a_finished_folder_is_refused(tmp_path: Path) -> None:
    begun(tmp_path / "out").finish({})
    with pytest.raises(FileExistsError, match="out holds finished examples"):
        ShardFolder(tmp_path / "out", SETTINGS)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").touch()
    with pytest.raises(FileExistsError, match=r"must be empty; it holds spiece\.model"):
        ShardFolder(tmp_path, SETTINGS)


def test_a_shard_half_written_is_written_again(tmp_path: Path) -> None:
    shards = begun(tmp_path / "out")
    (tmp_path / "out" / "00002.tokens.npy.partial").write_bytes(b"half")
    (tmp_path / "out" / "00002.sentences.npy").write_bytes(b"whole, but without a record")
    assert len(ShardFolder(tmp_path / "out", SETTINGS).records) == len(shards.records) == 2


def test_a_damaged_shard_is_refused_until_its_record_is_deleted(tmp_path: Path) -> None:
    begun(tmp_path / "out")
    path = tmp_path / "out" / "00001.tokens.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"tokens\.npy is damaged.* Delete 00001\.json"):
        ShardFolder(tmp_path / "out", SETTINGS)
    (tmp_path / "out" / "00001.json").unlink()
    assert len(ShardFolder(tmp_path / "out", SETTINGS).records) == 1
