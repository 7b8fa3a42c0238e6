"""Packs into a LiteRT file what other programs need to feed it text and to name its answers.

quantize  ->  [metadata.add_metadata]  ->  bundle

The file then carries TFLite Metadata and, as a zip behind the model, its vocabulary and
labels. Clients of the TensorFlow Lite Task Library read both; interpreters read neither.

Shape letters: T tokens.

Source: tensorflow/tflite-support metadata_schema.fbs for the numbers of the fields;
bert_nl_classifier.h and bert_question_answerer.h for names and lengths.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from albert_tf.export.flat_tables import Byte, Value, flatbuffer
from albert_tf.export.parsed import add_buffer, assemble, parse
from albert_tf.export.signature import Form
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.text.vocabulary_files import SENTENCEPIECE_FILE, WORDPIECE_FILE
from albert_tf.version import __version__

LABELS_FILE = "labels.txt"
_ENTRY, _IDENTIFIER, _PARSER_VERSION = b"TFLITE_METADATA", b"M001", "1.1.0"
# What clients call our inputs. BertNLClassifier goes by their places, which are these too.
_INPUTS = {"token_ids": "ids", "segment_ids": "segment_ids", "padding_mask": "mask"}
_OUTPUTS: dict[str, dict[str, str]] = {
    ClassificationTask.name: {"probabilities": "probability"},
    QuestionAnsweringTask.name: {"start": "start_logits", "end": "end_logits"},
}
# BertQuestionAnswerer writes this many token ids and does not ask whether they fit. It refuses a
# file that does not say how it tokenizes, so that is said only where they do.
QUESTION_LENGTH = 384
_DEFAULT = Form()
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip files, so that equal exports have equal bytes


class _Model(IntEnum):
    NAME = 0
    DESCRIPTION = 1
    SUBGRAPHS = 3
    PARSER_VERSION = 7


class _Subgraph(IntEnum):
    INPUTS = 2
    OUTPUTS = 3
    INPUT_STEPS = 5


class _Tensor(IntEnum):
    NAME = 0
    DESCRIPTION = 1
    FILES = 6


class _File(IntEnum):
    NAME = 0
    KIND = 2


class _Step(IntEnum):
    KIND = 0
    OPTIONS = 1


_LABELS, _VOCABULARY = Byte(2), Byte(5)  # kinds of files
_WORDPIECE, _SENTENCEPIECE = Byte(4), Byte(5)  # kinds of steps


def add_metadata(
    model: bytes, task: Task, vocabulary: Path, positions: int, form: Form = _DEFAULT
) -> bytes:
    """Adds metadata, vocabulary and labels to a model, and puts its inputs in our order.

    Args:
        model: A LiteRT model as `signature` describes it.
        task: What it answers. A model of questions that takes any T begins with T = 384, if
            it has so many positions, for the one client that knows no other.
        vocabulary: Folder of `spiece.model` or `vocab.txt`.
        positions: Most tokens that the model can read.
        form: Of the file.

    Returns:
        The model, which interpreters open as before.
    """
    parsed = parse(model)
    asks = isinstance(task, QuestionAnsweringTask)
    fits = positions >= QUESTION_LENGTH and form.sequence_length in {None, QUESTION_LENGTH}
    inputs = _arrange_inputs(parsed, QUESTION_LENGTH if asks and fits else None)
    name = SENTENCEPIECE_FILE if (vocabulary / SENTENCEPIECE_FILE).exists() else WORDPIECE_FILE
    files = {name: (vocabulary / name).read_bytes()}
    if isinstance(task, ClassificationTask) and task.labels:
        files[LABELS_FILE] = labels_text(task.labels).encode()
    table: dict[int, Value | int] = {
        _Model.NAME: f"ALBERT, {task.name}",
        _Model.DESCRIPTION: f"Made by albert_tf {__version__}.",
        _Model.SUBGRAPHS: [
            {
                _Subgraph.INPUTS: [_input(name) for name in inputs],
                _Subgraph.OUTPUTS: [
                    _output(name, task, LABELS_FILE in files) for name in _output_names(parsed)
                ],
                _Subgraph.INPUT_STEPS: [_tokenizer(name)] if fits or not asks else [],
            }
        ],
        _Model.PARSER_VERSION: _PARSER_VERSION,
    }
    entry = schema.MetadataT()
    entry.name = _ENTRY
    entry.buffer = add_buffer(parsed, np.frombuffer(flatbuffer(table, _IDENTIFIER), np.uint8))
    parsed.metadata = [*(parsed.metadata or ()), entry]
    return _with_files(assemble(parsed), files)


def _arrange_inputs(model: Any, length: int | None) -> list[str]:
    """Puts the inputs in the order of `_INPUTS`, others last, and returns their names.

    Args:
        model: A LiteRT model, parsed.
        length: The T that an interpreter begins with, where the model takes any; None
            leaves it as it is, which is 1.
    """
    numbers = {named.name.decode(): named.tensorIndex for named in model.signatureDefs[0].inputs}
    names = [*_INPUTS, *sorted(numbers.keys() - _INPUTS)]
    graph = model.subgraphs[0]
    graph.inputs = [numbers[name] for name in names]
    for number in graph.inputs:
        tensor = graph.tensors[number]
        if length is not None and tensor.shapeSignature is not None:
            tensor.shape = np.where(tensor.shapeSignature == -1, length, tensor.shape)
    return names


def _output_names(model: Any) -> list[str]:
    """The outputs of the first signature, in the order of the file."""
    names = {named.tensorIndex: named.name.decode() for named in model.signatureDefs[0].outputs}
    return [names[number] for number in model.subgraphs[0].outputs]


def labels_text(labels: Sequence[str]) -> str:
    """One label a line; clients skip empty lines, so none is empty.

    Args:
        labels: The names of the classes, in the order of the model. What would end a line
            becomes a space.
    """
    return "".join(f"{' '.join(label.splitlines()) or ' '}\n" for label in labels)


def _input(name: str) -> dict[int, Value | int]:
    return {_Tensor.NAME: _INPUTS.get(name, name), _Tensor.DESCRIPTION: f"{name}, int32"}


def _output(name: str, task: Task, has_labels: bool) -> dict[int, Value | int]:
    theirs = _OUTPUTS.get(task.name, {}).get(name, name)
    tensor: dict[int, Value | int] = {
        _Tensor.NAME: theirs,
        _Tensor.DESCRIPTION: f"{name}, float32",
    }
    if has_labels:
        tensor[_Tensor.FILES] = [{_File.NAME: LABELS_FILE, _File.KIND: _LABELS}]
    return tensor


def _tokenizer(vocabulary: str) -> dict[int, Value | int]:
    """The step that makes token ids of text, with the vocabulary as its only file."""
    file: dict[int, Value | int] = {_File.NAME: vocabulary, _File.KIND: _VOCABULARY}
    kind = _SENTENCEPIECE if vocabulary == SENTENCEPIECE_FILE else _WORDPIECE
    return {_Step.KIND: kind, _Step.OPTIONS: {0: [file]}}


def _with_files(model: bytes, files: Mapping[str, bytes]) -> bytes:
    """Appends a zip, uncompressed because clients read it in place."""
    stream = io.BytesIO(model)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content)
    return stream.getvalue()
