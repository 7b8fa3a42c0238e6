"""Stored examples are what was made, are read by other code, and say what is wrong with them."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.shards import TokenShards
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.training.static_examples import StaticExamples, StaticFolder
from albert_tf.training.static_records import adopt_static_examples, write_static_examples

T, M = 41, 6
# As google-research/albert run_pretraining.py has it.
OFFICIAL = {
    "input_ids": tf.io.FixedLenFeature([T], tf.int64),
    "input_mask": tf.io.FixedLenFeature([T], tf.int64),
    "segment_ids": tf.io.FixedLenFeature([T], tf.int64),
    "token_boundary": tf.io.FixedLenFeature([T], tf.int64),
    "masked_lm_positions": tf.io.FixedLenFeature([M], tf.int64),
    "masked_lm_ids": tf.io.FixedLenFeature([M], tf.int64),
    "masked_lm_weights": tf.io.FixedLenFeature([M], tf.float32),
    "next_sentence_labels": tf.io.FixedLenFeature([1], tf.int64),
}


def batches(shards: TokenShards, objective: str = "sop") -> PretrainingBatches:
    shape = PretrainingShape.of(shards.tokenizer, T)
    return PretrainingBatches(shards, shape, objective=objective, batch_size=13, seed=0)


@pytest.fixture
def folder(tmp_path: Path, shards: TokenShards) -> Path:
    """Two copies of the stories in three files."""
    write_static_examples(batches(shards), tmp_path, copies=2, files=3)
    return tmp_path


def rows_of(made: dict[str, np.ndarray]) -> list[bytes]:
    """Each example as one string of bytes."""
    names = sorted(made)
    return [
        b"".join(made[name][row].astype(np.int32).tobytes() for name in names)
        for row in range(len(made["token_ids"]))
    ]


def made_and_read(
    shards: TokenShards, folder: Path, objective: str = "sop", copies: int = 2
) -> tuple[list[bytes], list[bytes]]:
    made_by = batches(shards, objective)
    total = copies * made_by.examples_per_epoch
    made = [row for step in range(-(-total // 13)) for row in rows_of(made_by(step))][:total]
    stored = StaticExamples(StaticFolder(folder), batch_size=1, seed=0)
    assert stored.examples_per_epoch == total
    return made, [rows_of(stored(step))[0] for step in range(total)]


@pytest.mark.parametrize("objective", ["sop", "nsp", "none"])
@pytest.mark.parametrize("compress", [False, True])
def test_an_epoch_reads_back_every_example_in_another_order(
    tmp_path: Path, shards: TokenShards, objective: str, compress: bool
) -> None:
    counts: list[int] = []
    write_static_examples(
        batches(shards, objective), tmp_path, copies=2, files=3, compress=compress,
        progress=counts.append,
    )  # fmt: skip
    made, read = made_and_read(shards, tmp_path, objective)
    assert sorted(read) == sorted(made)
    assert read != made
    assert sum(counts) == len(made)
    assert not list(tmp_path.glob("*.partial"))


def test_the_official_parser_reads_the_files(folder: Path, shards: TokenShards) -> None:
    special, made = shards.tokenizer.special, batches(shards)(0)
    files = tf.data.TFRecordDataset(str(folder / "00000.tfrecord"))
    for row, record in enumerate(files.take(13)):
        read = {k: v.numpy() for k, v in tf.io.parse_single_example(record, OFFICIAL).items()}
        real = int(read["input_mask"].sum())
        np.testing.assert_array_equal(read["input_ids"], made["token_ids"][row])
        assert read["next_sentence_labels"] == made["sop_label"][row]
        true = read["input_ids"].copy()
        masks = read["masked_lm_weights"] == 1
        true[read["masked_lm_positions"][masks]] = read["masked_lm_ids"][masks]
        starts = shards.word_starts[true] | np.isin(true, [special.cls, special.sep])
        assert read["token_boundary"].tolist() == [*starts[:real], *[0] * (T - real)]


def test_any_step_can_be_read_alone_whatever_the_batch_size(folder: Path) -> None:
    stored = StaticFolder(folder)
    small, large = (StaticExamples(stored, batch_size=size, seed=3) for size in (7, 70))
    wanted = [row for step in range(30) for row in rows_of(small(step))]
    assert [row for step in range(3) for row in rows_of(large(step))] == wanted
    assert rows_of(StaticExamples(stored, batch_size=7, seed=3)(29)) == wanted[-7:]
    assert rows_of(StaticExamples(stored, batch_size=7, seed=4)(29)) != wanted[-7:]
    shares = [rows_of(large(1, rows)) for rows in (slice(0, 35), slice(35, 70))]
    assert shares[0] + shares[1] == wanted[70:140]


def test_epochs_differ_in_order_and_not_in_examples(folder: Path) -> None:
    stored = StaticExamples(StaticFolder(folder), batch_size=1, seed=0)
    count = stored.examples_per_epoch
    first, second = ([rows_of(stored(n + e * count))[0] for n in range(count)] for e in range(2))
    assert sorted(first) == sorted(second)
    assert np.mean([a == b for a, b in zip(first, second, strict=True)]) < 0.1


def test_records_of_other_code_are_adopted(folder: Path, shards: TokenShards) -> None:
    names = [f"{number:05}.tfrecord" for number in range(3)]
    before = json.loads((folder / "static_examples.json").read_text())
    (folder / "static_examples.json").unlink()
    adopt_static_examples(folder, names, shards.tokenizer)
    assert json.loads((folder / "static_examples.json").read_text()) == before
    made, read = made_and_read(shards, folder)
    assert sorted(read) == sorted(made)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "must hold pretraining examples; .* hold none"),
        ([b"\xff\xff"], "holds no examples"),
        ([tf.train.Example().SerializeToString()], "hold others"),
    ],
)
def test_records_of_something_else_are_not_adopted(
    tmp_path: Path, shards: TokenShards, records: list[bytes], words: str
) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        for record in records:
            writer.write(record)
    with pytest.raises(ValueError, match=words):
        adopt_static_examples(tmp_path, ["a.tfrecord"], shards.tokenizer)


def test_a_finished_folder_is_not_written_again(folder: Path, shards: TokenShards) -> None:
    with pytest.raises(FileExistsError, match="holds static examples; choose another"):
        write_static_examples(batches(shards), folder)


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_cut_short_is_named(tmp_path: Path, shards: TokenShards, compress: bool) -> None:
    write_static_examples(batches(shards), tmp_path, copies=1, files=1, compress=compress)
    (path,) = tmp_path.glob("*.tfrecord*")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3 - 5])
    # Where a cut gzip file ends between two of its blocks, TensorFlow takes that for its end.
    words = r"(is cut short or damaged|must hold \d+ examples; it holds)"
    with pytest.raises(ValueError, match=f"{path.name} {words}"):
        StaticExamples(StaticFolder(tmp_path), batch_size=2, seed=0)(0)


def test_a_file_that_lacks_whole_records_is_named(folder: Path) -> None:
    first, second = folder / "00000.tfrecord", folder / "00001.tfrecord"
    first.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(ValueError, match=r"00000.tfrecord must hold \d+ examples; it holds \d+"):
        StaticFolder(folder).read("00000.tfrecord")


def test_other_lengths_are_named(folder: Path) -> None:
    change_manifest(folder, sequence_length=40)
    with pytest.raises(ValueError, match="must hold examples of 40 tokens and 6 masked places"):
        StaticFolder(folder).read("00000.tfrecord")


def test_another_vocabulary_is_named(folder: Path, shared_data: Path) -> None:
    model = shared_data / "vocabulary" / "30k-clean.model"
    (folder / "spiece.model").write_bytes(model.read_bytes())
    with pytest.raises(ValueError, match="must be the one its examples were made with"):
        StaticFolder(folder)


def test_ids_beyond_the_vocabulary_are_named(folder: Path) -> None:
    stored = StaticFolder(folder)
    stored.tokenizer = load_tokenizer(folder)
    stored.tokenizer.vocab_size = 50
    with pytest.raises(ValueError, match=r"must have ids below 50, .*; got \d+"):
        stored.read("00000.tfrecord")


def test_a_missing_file_and_a_strange_manifest_are_named(folder: Path) -> None:
    change_manifest(folder, colour="red")
    with pytest.raises(ValueError, match="must have the keys of a manifest"):
        StaticFolder(folder)
    (folder / "static_examples.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"static_examples.json is missing"):
        StaticFolder(folder)


def test_a_file_gone_is_named(folder: Path) -> None:
    (folder / "00001.tfrecord").unlink()
    with pytest.raises(FileNotFoundError, match=r"00001.tfrecord is missing"):
        StaticFolder(folder)


def stop(shards: TokenShards, folder: Path, files: int) -> None:
    """Fails at the second file, as on a full disk."""
    blocked = folder / "00001.tfrecord.partial"  # cannot be opened for writing
    with pytest.raises(OSError, match=r"00001.tfrecord could not be written"):
        write_static_examples(
            batches(shards), folder, copies=3, files=files,
            progress=lambda _: blocked.mkdir(exist_ok=True),
        )  # fmt: skip
    blocked.rmdir()


def test_a_full_disk_leaves_whole_files_and_no_manifest(
    tmp_path: Path, shards: TokenShards
) -> None:
    stop(shards, tmp_path, files=3)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["00000.tfrecord", "static_examples.json.partial"]


def test_nothing_of_a_stopped_call_is_left_beside_the_next_ones_files(
    tmp_path: Path, shards: TokenShards
) -> None:
    stop(shards, tmp_path, files=7)
    for name in ("00005.tfrecord", "00006.tfrecord.partial", "00000.tfrecord.gz"):
        (tmp_path / name).write_bytes((tmp_path / "00000.tfrecord").read_bytes())
    manifest = write_static_examples(batches(shards), tmp_path, copies=1, files=2)
    found = {path.name for path in tmp_path.glob("*.tfrecord*")}
    assert found == set(manifest.files) == {"00000.tfrecord", "00001.tfrecord"}
    assert not list(tmp_path.glob("*.partial"))
    made, read = made_and_read(shards, tmp_path, copies=1)
    assert sorted(read) == sorted(made)


def test_records_of_other_code_are_never_written_over(tmp_path: Path, shards: TokenShards) -> None:
    (tmp_path / "00000.tfrecord").write_bytes(b"of other code")
    with pytest.raises(FileExistsError, match=r"must hold no records; it holds 00000\.tfrecord"):
        write_static_examples(batches(shards), tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"of other code"]


def test_counts_below_one_are_named(tmp_path: Path, shards: TokenShards) -> None:
    with pytest.raises(ValueError, match="copies and files must be at least 1; got 0 and"):
        write_static_examples(batches(shards), tmp_path, copies=0)


def change_manifest(folder: Path, **values: object) -> None:
    path = folder / "static_examples.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
