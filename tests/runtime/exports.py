"""Exported folders of made-up models, which are small sums of token ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import tensorflow as tf

from albert_tf.export.convert import convert
from albert_tf.export.signature import FIXED_GAPS
from albert_tf.runtime.contract import FORMAT_VERSION, Contract, FileRecord
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.tasks.mask_filling import MaskFillingTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task, task_to_dict
from albert_tf.text.tokenizer import Tokenizer

NAMES = ("token_ids", "segment_ids", "padding_mask")
WIDTH = 3  # classes, and numbers of a vector
TASKS: dict[str, Task] = {
    "classifier": ClassificationTask(labels=("no", "yes", "perhaps"), sequence_length=31),
    "answerer": QuestionAnsweringTask(sequence_length=4099, doc_stride=4001),
    "embedder": EmbeddingTask(sequence_length=31),
    "filler": MaskFillingTask(sequence_length=31),
}


def _classify(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"probabilities": tf.nn.softmax(_sums(inputs))}


def _embed(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"mean_output": _sums(inputs), "pooled_output": -_sums(inputs)}


def _answer(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    values = tf.sin(tf.cast(inputs["token_ids"] + 7 * inputs["segment_ids"], tf.float32))
    return {"start": values, "end": -values}  # [B, T]


def _fill(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Is sure of the piece before each gap."""
    places = tf.maximum(inputs["mask_positions"] - 1, 0)  # of padding it is 0
    before = tf.gather(inputs["token_ids"], places, batch_dims=1)  # [B, M]
    return {"mlm": tf.one_hot(before, 120, on_value=9.0)}  # [B, M, V]


def _sums(inputs: dict[str, tf.Tensor]) -> tf.Tensor:
    """What depends on every real token and on its place, [B, 3]."""
    ids = tf.cast(inputs["token_ids"] * inputs["padding_mask"], tf.float32)
    ids *= tf.cos(tf.cast(tf.range(tf.shape(ids)[1]), tf.float32))
    waves = [tf.reduce_sum(tf.sin(ids * scale), axis=1) for scale in (0.3, 0.7, 1.1)]
    return tf.stack(waves, axis=1)


ANSWERS: dict[str, Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]] = {
    "classifier": _classify,
    "answerer": _answer,
    "embedder": _embed,
    "filler": _fill,
}


def write_export(
    folder: Path, name: str, tokenizer: Tokenizer, shape: tuple[int, int | None] = (1, None)
) -> Contract:
    """Writes a folder as `export.bundle` does, of one of `ANSWERS`."""
    batch, length = shape
    sizes = dict.fromkeys(NAMES, length)
    if name == "filler":
        sizes["mask_positions"] = None if length is None else FIXED_GAPS
    module = tf.Module()
    module.answer = tf.function(lambda **inputs: ANSWERS[name](inputs)).get_concrete_function(**{
        entry: tf.TensorSpec([batch, size], tf.int32, name=entry) for entry, size in sizes.items()
    })
    folder.mkdir(parents=True)
    content = convert(module)
    (folder / "model.tflite").write_bytes(content)
    engine = Engine(content)
    contract = Contract(
        format_version=FORMAT_VERSION,
        created_by="a test",
        recipe="float32",
        encoder="loop",
        signature="serving_default",
        inputs=engine.inputs,
        outputs=engine.outputs,
        task=task_to_dict(TASKS[name]),
        special_ids=asdict(tokenizer.special),
        parity=1e-6,
        model=FileRecord.of(folder / "model.tflite"),
        vocabulary=[FileRecord.of(folder / file) for file in tokenizer.save(folder)],
    )
    contract.write(folder)
    return contract
