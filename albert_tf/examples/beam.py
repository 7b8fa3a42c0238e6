"""Turns a corpus into token shards as an Apache Beam pipeline, on one machine or on many.

documents, units, corpus  ->  [beam.write_shards_with_beam]  ->  shards.TokenShards

Files are read in groups, each by one worker, which leaves the text of every shard in the output
folder, compressed; any worker then encodes any shard. Only names travel through Beam, so memory
is bounded on every runner, also on those that keep in memory what travels.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import apache_beam
import numpy as np
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.portability.api import beam_provision_api_pb2 as provision
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.runners.portability.portable_runner import JobServiceHandle

from albert_tf.examples.beam_files import BeamFolder, absolute, find_files
from albert_tf.examples.beam_steps import (
    ERROR_FILE,
    ERRORS,
    SCRATCH,
    CutShards,
    EncodeShards,
    NumberShards,
    group_file,
    record_file,
)
from albert_tf.examples.corpus import LENGTHS_FILE, CorpusOptions, corpus_settings, count_corpus
from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.sentences import SentenceSplitter
from albert_tf.examples.shard_folder import SETTINGS_FILE, check_claim, manifest_entry
from albert_tf.examples.shards import MANIFEST_FILE, TokenShard, shard_path, vocabulary_checksum
from albert_tf.examples.statistics import CorpusLengths, CorpusStatistics
from albert_tf.text.tokenizer import load_tokenizer

GROUP_BYTES = 32_000_000  # of files, as they lie on disk
_QUIET = ["--default_sdk_harness_log_level=WARNING"]  # unless the user says otherwise


def write_shards_with_beam(
    paths: Sequence[str | Path],
    vocabulary: str | Path,
    directory: str | Path,
    options: CorpusOptions | None = None,
    *,
    pipeline_options: Sequence[str],
    again: bool = False,
) -> CorpusStatistics:
    """Writes a corpus as `corpus.write_shards` does, on the workers of a Beam runner.

    The documents are the same and in the same order, and so are the chunks that pretraining
    takes. A group of files ends its last shard early, so shards differ from those written
    locally where there are several groups; they are the same on any runner, for any number of
    workers. Called again after it was stopped, it reads the text again and encodes what is
    missing.

    Args:
        paths: The files of the corpus, in order; wild cards may be in them.
        vocabulary: Folder of the vocabulary, on this machine.
        directory: For the shards. All workers, and this machine, must reach it and the files:
            on a shared disk, or in an object store that Beam knows. Has room for the text of
            the corpus meanwhile, compressed.
        options: How the files are read.
        pipeline_options: Flags of Beam, such as --runner.
        again: Whether a finished folder is compared with the corpus, and not refused.

    Raises:
        FileExistsError: the folder is finished, or holds something else.
        FileNotFoundError: a file or the vocabulary is missing.
        ValueError: there is no document; a file is binary or damaged; the corpus or the
            options changed since the folder was begun; Beam does not know the runner.
        ChildProcessError: the pipeline failed.
    """
    options = options or CorpusOptions()
    beam_options = PipelineOptions([*_QUIET, *pipeline_options])
    FileSystems.set_options(beam_options)
    DocumentReader([], options.format, options.field)
    SentenceSplitter(options.sentences, options.language)
    tokenizer, files = load_tokenizer(vocabulary), find_files(paths)
    folder = BeamFolder(absolute(directory))
    with tempfile.TemporaryDirectory() as copy:
        tokenizer.save(Path(copy))
        checksum = vocabulary_checksum(Path(copy))
        settings = corpus_settings(list(files.items()), checksum, options)
        settings |= {"engine": "beam", "group_bytes": GROUP_BYTES}
        settings = _claim(folder, settings, again)
        for path in Path(copy).iterdir():
            folder.write(path.name, path.read_bytes())
    groups = _group(files)
    _run(folder, settings, groups, beam_options)
    if folder.holds(ERROR_FILE):
        kind, message = folder.read_json(ERROR_FILE)
        raise {error.__name__: error for error in ERRORS}[kind](message)
    read, records = _results(folder, len(groups))
    counts = count_corpus(records, len(files), read)
    lengths = CorpusLengths.of(_lengths(folder, len(records)))
    statistics = CorpusStatistics(**counts, **lengths.describe())
    with tempfile.TemporaryDirectory() as copy:
        lengths.plot(Path(copy) / LENGTHS_FILE)
        folder.write(LENGTHS_FILE, (Path(copy) / LENGTHS_FILE).read_bytes())
    _delete_scratch(folder)
    folder.write_json(
        MANIFEST_FILE,
        {
            "vocabulary": checksum,
            "vocab_size": tokenizer.vocab_size,
            "settings": settings,
            "statistics": asdict(statistics),
            "shards": [manifest_entry(record) for record in records],
        },
    )
    return statistics


def _claim(folder: BeamFolder, settings: Mapping[str, Any], again: bool) -> dict[str, Any]:
    """Claims a folder, and returns the settings as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    names = folder.names()
    before = folder.read_json(SETTINGS_FILE) if SETTINGS_FILE in names else None
    check_claim(folder.address, names, before, plain, again=again)
    if before is None:
        folder.write_json(SETTINGS_FILE, plain)
    _delete_scratch(folder)
    return plain


def _group(files: Mapping[str, int]) -> list[list[str]]:
    """Addresses of consecutive files, so many that they fill a group."""
    groups: list[list[str]] = []
    size = GROUP_BYTES
    for name, count in files.items():
        if size >= GROUP_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(absolute(name))
        size += count
    return groups


def _run(
    folder: BeamFolder,
    settings: Mapping[str, Any],
    groups: Sequence[Sequence[str]],
    options: PipelineOptions,
) -> None:
    """Runs the pipeline to its end."""
    pipeline = apache_beam.Pipeline(runner=_open_runner(options), options=options)
    (
        pipeline
        | "groups of files" >> apache_beam.Create(list(enumerate(groups)))
        | "to any worker" >> apache_beam.Reshuffle()
        | "cut into shards" >> apache_beam.ParDo(CutShards(folder, settings))
        | "together" >> apache_beam.Map(lambda text: (None, text))
        | "in order" >> apache_beam.GroupByKey()
        | "number" >> apache_beam.ParDo(NumberShards(folder))
        | "to any other worker" >> apache_beam.Reshuffle()
        | "encode" >> apache_beam.ParDo(EncodeShards(folder, settings))
    )
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ChildProcessError(
            f"the Beam pipeline failed: {lines[-1].rstrip('.')}. Repeat the command to continue."
        ) from error


def _open_runner(options: PipelineOptions) -> Any:
    """The runner that is named, but the direct one as itself."""
    name = options.view_as(StandardOptions).runner or "DirectRunner"
    if name.lower() not in {"direct", "directrunner"}:
        return name
    # By its name Beam would take Prism instead, a program that it downloads.
    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    return FnApiRunner(
        provision_info=ExtendedProvisionInfo(provision.ProvisionInfo(pipeline_options=encoded))
    )


def _results(folder: BeamFolder, groups: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """What was read, summed, and the records of all shards."""
    counts = [folder.read_json(group_file(group)) for group in range(groups)]
    read = {name: sum(part[name] for part in counts) for name in counts[0]}
    records = [folder.read_json(record_file(number)) for number in range(read.pop("shards"))]
    return read, records


def _lengths(folder: BeamFolder, shards: int) -> Iterator[TokenShard]:
    """The shards without their tokens, of which statistics need none."""
    for number in range(shards):
        sentences, documents = (
            np.load(io.BytesIO(folder.read(shard_path(Path(), number, part).name)))
            for part in ("sentences", "documents")
        )
        yield TokenShard(np.empty(0, np.uint16), sentences, documents)


def _delete_scratch(folder: BeamFolder) -> None:
    folder.delete([
        name for name in folder.names() if name.startswith(SCRATCH) or name.endswith(".partial")
    ])
