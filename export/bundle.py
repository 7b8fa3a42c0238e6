"""A fine-tuned model folder to a folder for the device, or nothing at all.

signature, convert, verify, quantize, metadata  ->  [bundle.export]  ->  runtime, Android
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from albert_tf.export.convert import convert
from albert_tf.export.metadata import add_metadata
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import INPUT_NAMES, SIGNATURE, build_signature
from albert_tf.export.verify import verify
from albert_tf.models.saved import load_task_model
from albert_tf.runtime.contract import CONTRACT_FILE, FORMAT_VERSION, Contract, FileRecord
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import read_task, task_to_dict
from albert_tf.text.tokenizer import VOCABULARY_FILES, load_tokenizer
from albert_tf.version import __version__

MODEL_FILE = "model.tflite"


def export(source: str | Path, target: str | Path, recipe: str) -> Contract:
    """Writes `model.tflite`, its vocabulary and `contract.json` into `target`.

    The float file is compared with Keras before anything is written; `target` appears
    whole or not at all, and an export already there is replaced only then.

    Args:
        source: Folder of a fine-tuned model.
        target: Folder to write.
        recipe: One of `quantize.RECIPES`.

    Raises:
        FileNotFoundError: `source` holds no fine-tuned model.
        FileExistsError: `target` holds something other than an export.
        ParityError: the converted file answers differently from Keras.
        ValueError: an unknown recipe, or the model does not convert.
    """
    source, target = Path(source), Path(target)
    _check_target(target)
    task = read_task(source)
    tokenizer = load_tokenizer(source)
    model = load_task_model(source, task.name)
    converted = convert(build_signature(model))
    parity = verify(model, converted, lengths=(8, 1 + task.sequence_length // 2))
    positions = model.backbone.config.max_position_embeddings
    content = add_metadata(quantize(converted, recipe), task, source, positions)

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name:
        folder = Path(name) / "export"
        folder.mkdir()
        (folder / MODEL_FILE).write_bytes(content)
        vocabulary = [FileRecord.of(folder / file) for file in tokenizer.save(folder)]
        contract = Contract(
            format_version=FORMAT_VERSION,
            created_by=f"albert_tf {__version__}",
            recipe=recipe,
            signature=SIGNATURE,
            inputs=dict.fromkeys(INPUT_NAMES, "int32"),
            outputs=dict.fromkeys(Engine(content).output_names, "float32"),
            task=task_to_dict(task),
            special_ids=asdict(tokenizer.special),
            parity=parity,
            model=FileRecord.of(folder / MODEL_FILE),
            vocabulary=vocabulary,
        )
        contract.write(folder)
        if target.exists():
            target.rename(Path(name) / "before")
        folder.rename(target)
    return contract


def _check_target(target: Path) -> None:
    """Only files that an export writes may be replaced."""
    ours = {MODEL_FILE, CONTRACT_FILE, *VOCABULARY_FILES}
    if target.exists() and not (
        target.is_dir() and {path.name for path in target.iterdir()} <= ours
    ):
        raise FileExistsError(f"{target} holds something other than an export; choose another.")
