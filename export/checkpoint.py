"""A model folder to the layout of another library, or nothing at all.

saved model  ->  [checkpoint.export_checkpoint]  ->  a folder that library opens by itself
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from albert_tf.export.saved_model import write_saved_model
from albert_tf.export.target import check_target
from albert_tf.models.checkpoints import huggingface, kerashub
from albert_tf.models.saved import check_labels, check_length, load_model
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.task import TASK_FILE, Task, read_task
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.text.vocabulary_files import SENTENCEPIECE_FILE

CHECKPOINT_FORMATS = ("huggingface", "kerashub", "saved_model")


def export_checkpoint(source: Path, target: Path, file_format: str) -> tuple[str, ...]:
    """Writes the weights, the config and the vocabulary as another library keeps them.

    Args:
        source: Folder of a pretrained or fine-tuned model.
        target: Folder to write; it appears whole or not at all.
        file_format: One of `CHECKPOINT_FORMATS`.

    Returns:
        Parts of the model that the library has no place for.

    Raises:
        FileExistsError: `target` exists and is not empty, or is a mount point.
        FileNotFoundError: `source` holds no model or no vocabulary.
        ParityError: the SavedModel answers differently from Keras.
        ValueError: an unknown format, or one that cannot express the model, or the task in
            `source` does not fit it.
    """
    if file_format not in CHECKPOINT_FORMATS:
        raise ValueError(
            f"unknown format {file_format!r}; choose one of {', '.join(CHECKPOINT_FORMATS)}."
        )
    target = target.resolve()
    check_target(target)
    tokenizer = load_tokenizer(source)
    model = load_model(source)
    task = _task_of(source, model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name:
        written = Path(name) / "checkpoint"
        written.mkdir()
        left_out: tuple[str, ...] = ()
        if file_format == "huggingface":
            labels = task.labels if isinstance(task, ClassificationTask) else ()
            huggingface.write_checkpoint(model, written, labels)
        elif file_format == "kerashub":
            spiece_model = source / SENTENCEPIECE_FILE
            found = spiece_model if spiece_model.exists() else None
            left_out = kerashub.write_checkpoint(model, written, found)
            if found is None:
                left_out = (*left_out, "a tokenizer, for KerasHub's reads no vocab.txt")
        elif task is None:
            raise ValueError(f"a SavedModel holds a fine-tuned model; {source} is none.")
        else:
            write_saved_model(model, tokenizer, task, written)
        tokenizer.save(written)
        written.rename(target)
    return left_out


def _task_of(source: Path, model: Any) -> Task | None:
    """The task of a fine-tuned model, which fits it."""
    if not (source / TASK_FILE).exists():
        return None
    task = read_task(source)
    if isinstance(task, ClassificationTask):
        check_labels(source, task.labels, model)
    check_length(source, task.sequence_length, getattr(model, "backbone", model).config)
    return task
