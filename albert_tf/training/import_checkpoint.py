"""A checkpoint made by other code to a model folder of ours.

models.checkpoints, text  ->  [import_checkpoint]  ->  training.finetune, export
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from albert_tf.json_file import read_json_object
from albert_tf.models.checkpoints import google, huggingface, kerashub, tfhub
from albert_tf.models.checkpoints.archives import opened
from albert_tf.models.checkpoints.tensors import CheckpointMismatch, Imported
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.task_model import AlbertTask
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.task import write_task
from albert_tf.text.normalization import is_cleaned
from albert_tf.text.tokenizer import SentencePieceTokenizer, Tokenizer
from albert_tf.text.vocabulary import adopt_vocabulary
from albert_tf.text.vocabulary_files import (
    SENTENCEPIECE_FILE,
    TOKENIZER_OPTIONS_FILE,
    WORDPIECE_FILE,
)
from albert_tf.text.wordpiece import WordPieceTokenizer
from albert_tf.training.imported_task import for_task, task_of
from albert_tf.version import __version__

PROVENANCE_FILE = "provenance.json"
FORMATS = {
    "google": google.read_checkpoint,
    "huggingface": huggingface.read_checkpoint,
    "kerashub": kerashub.read_checkpoint,
    "tfhub": tfhub.read_checkpoint,
}
# Where the formats keep their vocabularies, and under which names.
_VOCABULARY_FOLDERS = ("", "assets", "assets/tokenizer")
_VOCABULARY_FILES = (SENTENCEPIECE_FILE, "30k-clean.model", "vocabulary.spm", WORDPIECE_FILE)
# Tables are sometimes padded to a multiple of one of these.
_ROUND_ROWS = (8, 64, 128)
# What is worth fetching of a repository that holds other layouts too; all of it elsewhere.
_WANTED = {
    "huggingface": [
        huggingface.CONFIG_FILE, huggingface.WEIGHTS_FILE, *_VOCABULARY_FILES, "tokenizer*.json",
    ],
    "kerashub": ["*.json", "*.weights.h5", "assets/*"],
}  # fmt: skip


def import_checkpoint(
    file_format: str,
    source: str,
    directory: Path,
    *,
    vocabulary: Path | None = None,
    task_name: str | None = None,
) -> Imported:
    """Reads a checkpoint with its heads and vocabulary and saves it as a model folder.

    The folder appears whole or not at all.

    Args:
        file_format: One of `FORMATS`.
        source: A folder, an archive of one, or a handle the format's own library can fetch.
        directory: The folder to write.
        vocabulary: Folder of the vocabulary, if it is not with the checkpoint.
        task_name: What a head of one row is for, where the layout does not say: one of
            `imported_task.ONE_ROW_TASKS`.

    Raises:
        FileExistsError: `directory` exists and is not empty.
        FileNotFoundError: a file is missing.
        ValueError: the checkpoint or the vocabulary is damaged, they do not fit each other, or
            they do not fit the config, or `task_name` is missing or of no use.
    """
    directory = directory.resolve()
    if directory == Path.cwd():
        raise FileExistsError("the current folder cannot be replaced; choose a new one.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise FileExistsError(f"{directory} exists; choose another folder.")
    with (
        opened(source, _WANTED.get(file_format)) as folder,
        tempfile.TemporaryDirectory() as made,
        _named(source, folder),
    ):
        tokenizer, origin = _open_vocabulary(vocabulary or folder, Path(made))
        imported = for_task(FORMATS[file_format](folder), file_format, task_name)
        _check_vocabulary(tokenizer, imported.model)
        _give_vocabulary(tokenizer, imported.model)
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".import-") as name:
            written = Path(name) / "model"
            imported.model.save_to_preset(str(written))
            tokenizer.save(written)
            task = task_of(imported)
            if task is not None:
                write_task(task, written)
            _write_provenance(file_format, source, folder, origin, imported, written)
            written.rename(directory)
    return imported


@contextmanager
def _named(source: str, folder: Path) -> Iterator[None]:
    """Errors speak of what the user named, not of the folder it was unpacked or fetched to."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        kinds = (CheckpointMismatch, FileNotFoundError, ValueError)
        kind = next(kind for kind in kinds if isinstance(error, kind))
        if folder == Path(source):
            raise
        raise kind(str(error).replace(str(folder), source)) from error


def _open_vocabulary(folder: Path, made: Path) -> tuple[Tokenizer, Path]:
    """Opens the vocabulary of a checkpoint, and says which file it was.

    One that expects cleaned text is adopted first.

    Raises:
        FileNotFoundError: the folder holds none.
    """
    names = [f"{inside}/{name}" for inside in _VOCABULARY_FOLDERS for name in _VOCABULARY_FILES]
    paths = [folder / name.removeprefix("/") for name in names]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise FileNotFoundError(
            f"{folder} holds no vocabulary: expected {', '.join(_VOCABULARY_FILES)}. If it lies "
            f"elsewhere, name its folder with --vocab."
        )
    if path.name == WORDPIECE_FILE:
        return WordPieceTokenizer(path), path
    if is_cleaned(path):
        return SentencePieceTokenizer(path), path
    lower_case, keep_accents = _cleaning_options(path.with_name(TOKENIZER_OPTIONS_FILE))
    adopted = adopt_vocabulary(path, made, cased=not lower_case, keep_accents=keep_accents)
    return SentencePieceTokenizer(adopted), path


def _cleaning_options(path: Path) -> tuple[bool, bool]:
    """Whether text is lower-cased, and keeps its accents; as released where nothing is said."""
    options = read_json_object(path) if path.exists() else {}
    return bool(options.get("do_lower_case", True)), bool(options.get("keep_accents", False))


def _check_vocabulary(tokenizer: Tokenizer, model: Any) -> None:
    rows = getattr(model, "backbone", model).config.vocab_size
    pieces = tokenizer.vocab_size
    if rows not in {pieces, *(-(-pieces // round_rows) * round_rows for round_rows in _ROUND_ROWS)}:
        raise ValueError(
            f"the vocabulary must have the {rows} pieces of the model's table; it has "
            f"{pieces} and belongs to another model."
        )


def _give_vocabulary(tokenizer: Tokenizer, model: Any) -> None:
    """Lets a model with heads take texts; options of a question are no texts of a batch."""
    if isinstance(model, AlbertTask) and not isinstance(model, AlbertMultipleChoice):
        longest = model.backbone.config.max_position_embeddings
        model.preprocessor = AlbertPreprocessor(tokenizer, longest)


def _write_provenance(
    file_format: str,
    source: str,
    folder: Path,
    vocabulary: Path,
    imported: Imported,
    written: Path,
) -> None:
    """Says where a model folder came from, with the checksum of every file that was there."""
    record = {
        "format": file_format,
        "source": source,
        # The folder that a handle was fetched to is named for its revision.
        "revision": folder.name if "://" in source else None,
        "vocabulary": {"name": vocabulary.name, "sha256": _checksum(vocabulary)},
        "created_by": f"albert_tf {__version__}",
        "initialized": imported.initialized,
        "left_out": imported.left_out,
        "sha256": {
            path.relative_to(folder).as_posix(): _checksum(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    text = json.dumps(record, indent=2) + "\n"
    (written / PROVENANCE_FILE).write_text(text, encoding="utf-8")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
