"""Pretraining examples as the official code stores them: one TFRecord, padded, each.

examples.pretraining  ->  [static_records.write_static_examples]  ->  static_examples, other code

Shape letters: B examples, T tokens, M masked places, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints
from albert_tf.examples.pretraining import PretrainingBatches
from albert_tf.examples.sentence_pairs import OBJECTIVES
from albert_tf.examples.shards import vocabulary_checksum
from albert_tf.json_file import write_json_object
from albert_tf.text.encoding import SpecialIds
from albert_tf.text.tokenizer import Tokenizer

STATIC_MANIFEST_FILE = "static_examples.json"
_RECORDS = "*.tfrecord*"  # compressed and unfinished ones too
# A reader holds whole files in memory, two at a time: 35 MB each at 128 tokens.
_EXAMPLES_PER_FILE = 20_000
# What parsing raises; the second where TensorFlow quotes a record in its message.
NOT_AN_EXAMPLE = (tf.errors.InvalidArgumentError, UnicodeDecodeError)
# The official name of each tensor.
FEATURES = {
    "input_ids": "token_ids",
    "input_mask": "padding_mask",
    "segment_ids": "segment_ids",
    "token_boundary": "token_boundary",
    "masked_lm_positions": "mask_positions",
    "masked_lm_ids": "mask_ids",
    "masked_lm_weights": "mask_weights",
    "next_sentence_labels": "label",
}


@dataclass(frozen=True, kw_only=True)
class StaticManifest:
    """What `static_examples.json` says of the files beside it."""

    objective: str
    sequence_length: int  # T
    max_masks: int  # M
    vocabulary: str  # checksum of the vocabulary files in the folder
    files: dict[str, int]  # examples in each

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(
                f"objective must be one of {', '.join(OBJECTIVES)}; got {self.objective!r}."
            )


def write_static_examples(
    batches: PretrainingBatches,
    directory: Path,
    *,
    copies: int = 10,
    files: int | None = None,
    compress: bool = False,
    progress: Callable[[int], object] = lambda count: None,
) -> StaticManifest:
    """Writes the first epochs of a corpus as TFRecord files that the official code reads.

    Every file appears whole; the manifest appears last. What a call that was stopped left is
    deleted, and written anew.

    Args:
        batches: Where the examples come from.
        directory: Made if absent; receives the files, a manifest and the vocabulary.
        copies: Epochs, each with masks and splits of its own; the official `dupe_factor`.
        files: How many; by default one for each 20,000 examples.
        compress: Whether with GZIP.
        progress: Called with the number of examples of each batch as it is made; they sum to
            `copies * batches.examples_per_epoch`.

    Raises:
        FileExistsError: `directory` holds static examples, or records of other code.
        OSError: a file could not be written.
        ValueError: a count is below 1.

    Source: google-research/albert create_pretraining_data.py, write_instance_to_example_files.
    """
    refuse_records(directory)
    total = copies * batches.examples_per_epoch
    files = -(-total // _EXAMPLES_PER_FILE) if files is None else files
    if copies < 1 or files < 1:
        raise ValueError(f"copies and files must be at least 1; got {copies} and {files}.")
    _clear(directory)
    records = _records(batches, total, progress)
    names = {}
    for number in range(files):
        name = f"{number:05}.tfrecord" + (".gz" if compress else "")
        names[name] = total * (number + 1) // files - total * number // files
        _write_file(directory / name, records, names[name], compress)
    return _write_manifest(
        directory,
        batches.shards.tokenizer,
        batches.objective,
        (batches.shape.sequence_length, batches.shape.max_masks),
        names,
    )


def refuse_records(directory: Path) -> None:
    """Sees that a folder holds no records but what a call that was stopped left.

    Raises:
        FileExistsError: it holds static examples, or records of other code.
    """
    if (directory / STATIC_MANIFEST_FILE).exists():
        raise FileExistsError(f"{directory} holds static examples; choose another folder.")
    others = [] if _begun(directory).exists() else sorted(directory.glob(_RECORDS))
    if others:
        raise FileExistsError(
            f"{directory} must hold no records; it holds {others[0].name}. Choose another folder."
        )


def adopt_static_examples(
    directory: Path, names: Sequence[str], tokenizer: Tokenizer, objective: str = "sop"
) -> StaticManifest:
    """Writes the manifest of records made by other code, so that they can be read.

    Args:
        directory: Holds the files; receives the manifest and the vocabulary.
        names: The files.
        tokenizer: The vocabulary they were made with.
        objective: What `next_sentence_labels` means: "sop", "nsp", or "none" to ignore it.

    Raises:
        ValueError: the first file is damaged, empty or holds something else.
    """
    counts = {name: sum(map(len, records_of(directory / name))) for name in names}
    first = next((records[0] for name in names for records in records_of(directory / name)), None)
    if first is None:
        raise ValueError(f"{directory} must hold pretraining examples; {names} hold none.")
    spec = {name: tf.io.VarLenFeature(tf.int64) for name in ("input_ids", "masked_lm_positions")}
    try:
        sizes = [len(part.values) for part in tf.io.parse_single_example(first, spec).values()]
    except NOT_AN_EXAMPLE as error:
        raise ValueError(f"{names[0]} holds no examples: {error}") from error
    if 0 in sizes:
        raise ValueError(f"{directory} must hold pretraining examples; {names} hold others.")
    return _write_manifest(directory, tokenizer, objective, sizes, counts)


def records_of(path: Path) -> Iterator[tf.Tensor]:
    """Yields the records of one file, compressed or not, in string tensors of up to 1,024.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is cut short or damaged.
    """
    with path.open("rb") as file:
        compression = "GZIP" if file.read(2) == b"\x1f\x8b" else ""
    try:
        yield from tf.data.TFRecordDataset(str(path), compression).batch(1024)
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise ValueError(f"{path} is cut short or damaged: {error.message}") from error


def _begun(directory: Path) -> Path:
    """The file that says whose the records are; it becomes the manifest."""
    return directory / f"{STATIC_MANIFEST_FILE}.partial"


def _clear(directory: Path) -> None:
    """Begins a folder, without what a call that was stopped left."""
    directory.mkdir(parents=True, exist_ok=True)
    _begun(directory).touch()
    for path in directory.glob(_RECORDS):
        path.unlink()


def _records(
    batches: PretrainingBatches, total: int, progress: Callable[[int], object]
) -> Iterator[bytes]:
    """Yields `total` examples in the official form."""
    starts, special = batches.shards.word_starts, batches.shape.special
    for first in range(0, total, batches.batch_size):
        rows = min(batches.batch_size, total - first)
        batch = batches(first // batches.batch_size, slice(rows))
        batch["label"] = batch.get(f"{batches.objective}_label", np.zeros(rows, np.int32))
        batch["token_boundary"] = _boundaries(batch, starts, special)
        columns = {name: batch[ours].tolist() for name, ours in FEATURES.items()}
        progress(rows)
        for row in range(rows):
            yield _encode({name: column[row] for name, column in columns.items()})


def _boundaries(batch: dict[str, Ints], starts: NDArray[np.bool_], special: SpecialIds) -> Ints:
    """1 where a true token begins a word, and at [CLS] and [SEP]; int32 [B, T]."""
    ids = batch["token_ids"].copy()
    rows, places = np.nonzero(batch["mask_weights"])
    ids[rows, batch["mask_positions"][rows, places]] = batch["mask_ids"][rows, places]
    begins = starts[ids] | (ids == special.cls) | (ids == special.sep)
    boundaries: Ints = (begins & (batch["padding_mask"] == 1)).astype(np.int32)
    return boundaries


def _encode(values: dict[str, list[int] | int]) -> bytes:
    """One record; weights are floats, everything else is integers."""
    features = {}
    for name, value in values.items():
        numbers = value if isinstance(value, list) else [value]
        if name == "masked_lm_weights":
            features[name] = tf.train.Feature(float_list=tf.train.FloatList(value=numbers))
        else:
            features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString())


def _write_file(path: Path, records: Iterator[bytes], count: int, compress: bool) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        with tf.io.TFRecordWriter(str(partial), "GZIP" if compress else None) as writer:
            for _ in range(count):
                writer.write(next(records))
    except tf.errors.OpError as error:
        raise OSError(f"{path} could not be written: {error.message}") from error
    partial.replace(path)


def _write_manifest(
    directory: Path,
    tokenizer: Tokenizer,
    objective: str,
    sizes: Sequence[int],
    files: dict[str, int],
) -> StaticManifest:
    """Copies the vocabulary and describes the files, which makes the folder complete."""
    tokenizer.save(directory)
    manifest = StaticManifest(
        objective=objective,
        sequence_length=sizes[0],
        max_masks=sizes[1],
        vocabulary=vocabulary_checksum(directory),
        files=files,
    )
    write_json_object(directory / STATIC_MANIFEST_FILE, asdict(manifest))
    return manifest
