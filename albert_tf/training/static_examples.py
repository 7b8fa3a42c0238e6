"""Reads stored pretraining examples as batches that are a function of the step number.

static_records  ->  [static_examples.StaticExamples]  ->  pretrain

Shape letters: B examples of a batch, T tokens, M masked places.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from albert_tf.examples.packing import Ints
from albert_tf.examples.shards import vocabulary_checksum
from albert_tf.json_file import read_json_object
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.training.static_records import (
    FEATURES,
    NOT_AN_EXAMPLE,
    STATIC_MANIFEST_FILE,
    StaticManifest,
    records_of,
)

# What a generator is for, so that no two are seeded alike.
_FILES, _ROWS = range(2)


class StaticFolder:
    """A folder of static examples, checked against its manifest when it is opened.

    Args:
        directory: As `write_static_examples` or `adopt_static_examples` left it.

    Raises:
        FileNotFoundError: there is no manifest, or a file is missing.
        ValueError: the manifest is damaged, or the vocabulary is another one.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        values = read_json_object(self.directory / STATIC_MANIFEST_FILE)
        if values.keys() != {field.name for field in fields(StaticManifest)}:
            raise ValueError(
                f"{self.directory / STATIC_MANIFEST_FILE} must have the keys of a manifest; "
                f"got {sorted(values)}."
            )
        self.manifest = StaticManifest(**values)
        checksum = vocabulary_checksum(self.directory)
        if self.manifest.vocabulary != checksum:
            raise ValueError(
                f"the vocabulary in {self.directory} must be the one its examples were made "
                f"with ({self.manifest.vocabulary}); got {checksum}."
            )
        for name in self.manifest.files:
            if not (self.directory / name).is_file():
                raise FileNotFoundError(f"{self.directory / name} is missing.")
        self.tokenizer = load_tokenizer(self.directory)

    def read(self, name: str) -> dict[str, Ints]:
        """Reads a whole file: int32 arrays [N, T], [N, M] and [N] by our names.

        Raises:
            ValueError: it is cut short or damaged, its lengths or their number differ from
                the manifest, or it has ids that are not in the vocabulary.
        """
        path, length, places = (
            self.directory / name, self.manifest.sequence_length, self.manifest.max_masks,
        )  # fmt: skip
        spec = official_features(length, places)
        try:
            parsed = [tf.io.parse_example(records, spec) for records in records_of(path)]
        except NOT_AN_EXAMPLE as error:
            raise ValueError(
                f"{path} must hold examples of {length} tokens and {places} masked places: {error}"
            ) from error
        found = sum(len(part["input_ids"]) for part in parsed)
        if found != self.manifest.files[name]:
            raise ValueError(
                f"{path} must hold {self.manifest.files[name]} examples; it holds {found}."
            )
        columns = {
            ours: np.concatenate([part[theirs].numpy() for part in parsed]).astype(np.int32)
            for theirs, ours in FEATURES.items()
        }
        columns["label"] = columns["label"][:, 0]
        largest = max(int(columns[ids].max(initial=0)) for ids in ("token_ids", "mask_ids"))
        if largest >= self.tokenizer.vocab_size:
            raise ValueError(
                f"{path} must have ids below {self.tokenizer.vocab_size}, the size of the "
                f"vocabulary; got {largest}."
            )
        return columns


def official_features(length: int, places: int) -> dict[str, tf.io.FixedLenFeature]:
    """The form of a record of T tokens and M masked places, for `tf.io.parse_example`.

    Source: google-research/albert run_pretraining.py, input_fn_builder.
    """
    sizes = {"masked_lm_positions": places, "masked_lm_ids": places, "next_sentence_labels": 1}
    spec = {name: tf.io.FixedLenFeature([sizes.get(name, length)], tf.int64) for name in FEATURES}
    return spec | {"masked_lm_weights": tf.io.FixedLenFeature([places], tf.float32)}


class StaticExamples:
    """Every batch of stored examples, as a function of the step number.

    Every epoch takes the files in a new order, and the examples of each file in a new order,
    all once. So two whole files at most are in memory, compressed ones can be read, and the
    disk is read in one sweep; in return examples of one file stay near each other. The writer
    put them there in an order that is random already.

    Args:
        folder: The stored examples.
        batch_size: B of the whole batch.
        seed: The only source of chance.

    Raises:
        ValueError: the folder is empty, or the batch size below 1.
    """

    def __init__(self, folder: StaticFolder, *, batch_size: int, seed: int) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        self.folder = folder
        self.batch_size = batch_size
        self.seed = seed
        self.examples_per_epoch = sum(folder.manifest.files.values())
        if not self.examples_per_epoch:
            raise ValueError(f"{folder.directory} must hold examples; it holds none.")
        self._names = list(folder.manifest.files)
        self._read = lru_cache(maxsize=2)(folder.read)
        self._files = lru_cache(maxsize=2)(self._draw_files)
        self._rows = lru_cache(maxsize=2)(self._draw_rows)

    def __call__(self, step: int, rows: slice = slice(None)) -> dict[str, Ints]:
        """Reads one batch, of the names and shapes that `PretrainingBatches` gives it.

        Raises:
            ValueError: a file is damaged or does not agree with the manifest.
        """
        numbers = range(step * self.batch_size, (step + 1) * self.batch_size)[rows]
        places = [self._locate(number) for number in numbers]
        parts, begin = [], 0
        for at, (name, _) in enumerate(places):
            if at + 1 == len(places) or places[at + 1][0] != name:
                chosen = [row for _, row in places[begin : at + 1]]
                parts.append({key: c[chosen] for key, c in self._read(name).items()})
                begin = at + 1
        batch = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        label = batch.pop("label")
        del batch["token_boundary"]
        if self.folder.manifest.objective != "none":
            batch[f"{self.folder.manifest.objective}_label"] = label
        return batch

    def _locate(self, number: int) -> tuple[str, int]:
        """The file and the row of example `number`."""
        epoch, place = divmod(number, self.examples_per_epoch)
        order, ends = self._files(epoch)
        at = int(np.searchsorted(ends, place, side="right"))
        file = int(order[at])
        rows = self._rows(epoch, file)
        return self._names[file], int(rows[place - (ends[at - 1] if at else 0)])

    def _draw_files(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The order of the files, and where each ends in the epoch."""
        order = np.random.default_rng((self.seed, _FILES, epoch)).permutation(len(self._names))
        counts = list(self.folder.manifest.files.values())
        return order, np.array(list(accumulate(counts[file] for file in order)))

    def _draw_rows(self, epoch: int, file: int) -> NDArray[np.int64]:
        count = self.folder.manifest.files[self._names[file]]
        return np.random.default_rng((self.seed, _ROWS, epoch, file)).permutation(count)
