"""A model folder to a folder for the device, or nothing at all.

every other step of this folder  ->  [bundle.export]  ->  runtime, Android
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from albert_tf.export.benchmark import latencies_ms
from albert_tf.export.calibration import Shown, in_form, show, task_inputs
from albert_tf.export.centering import centered
from albert_tf.export.convert import convert
from albert_tf.export.depth_error import errors_by_depth
from albert_tf.export.drop import Gate
from albert_tf.export.entering import Entering
from albert_tf.export.heads import Head, open_head
from albert_tf.export.metadata import add_metadata
from albert_tf.export.quantize import quantize
from albert_tf.export.recipes import FLOAT_RECIPE, INTEGER_RECIPES, check_recipe, check_widths
from albert_tf.export.report import REPORT_FILES, Report, write_report
from albert_tf.export.signature import SIGNATURE, Form, build_signature
from albert_tf.export.structure import check_structure
from albert_tf.export.target import check_target, put
from albert_tf.export.unpacked import leave_unpacked
from albert_tf.export.verify import (
    CENTERED_TOLERANCE,
    TOLERANCE,
    check_finite,
    random_inputs,
    verify,
)
from albert_tf.models.saved import check_vocabulary
from albert_tf.runtime.contract import CONTRACT_FILE, FORMAT_VERSION, Contract, FileRecord
from albert_tf.runtime.engine import Engine
from albert_tf.runtime.model import EdgeModel, load
from albert_tf.tasks.task import Task, task_to_dict
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary_files import VOCABULARY_FILES
from albert_tf.version import __version__

MODEL_FILE = "model.tflite"
_COMPARED = 8  # examples whose hidden states are compared
_WRITTEN = {MODEL_FILE, CONTRACT_FILE, *VOCABULARY_FILES, *REPORT_FILES}
_DEFAULT = Form()
_OPEN = Gate()


def export(
    source: str | Path,
    target: str | Path,
    recipe: str,
    form: Form = _DEFAULT,
    head: str | None = None,
    *,
    calibration: Path | None = None,
    gate: Gate = _OPEN,
    progress: bool = False,
) -> Contract:
    """Writes `model.tflite`, its vocabulary, `contract.json` and a report into `target`.

    The float file is compared with Keras, and the file is opened by the runtime and scored
    beside the float one, before anything is written; `target` appears whole or not at all,
    and an export already there is replaced only then.

    Args:
        source: Folder of a fine-tuned or pretrained model.
        target: Folder to write.
        recipe: One of `recipes.RECIPES`.
        form: How the file is laid out. Of a fixed length, the task reads that much.
        head: What the file answers, as `heads.open_head` takes it.
        calibration: A file of the task. The static recipes must see one, and others that
            round to integers lose less where they do; without it they see random pieces.
        gate: What the file must show. A recipe that changes answers needs examples to be
            scored on, or the points it may lose unseen.
        progress: Whether to show progress bars on stderr.

    Returns:
        What a device must know.

    Raises:
        FileNotFoundError: `source` holds no model.
        FileExistsError: `target` holds something other than an export, or is a mount point.
        ParityError: the converted file answers differently from Keras.
        DropError: the file loses more of its score than the gate accepts.
        ValueError: an unknown recipe or head, a recipe without the examples it needs, a
            length that the model or its task cannot have, a vocabulary larger than the model's,
            or the model does not convert to a file of LiteRT's own operations with every weight
            in it once.
    """
    source, target = Path(source), Path(target).resolve()
    _check_calibration(recipe, calibration)
    check_target(target, _WRITTEN)
    model, task, tokenizer = _open(source, head, recipe, form, gate)
    examples = gate.read(task)
    target.parent.mkdir(parents=True, exist_ok=True)
    shown = show(model, recipe, task, tokenizer, calibration, progress)
    converted = convert(build_signature(model, form, model.inputs), target.parent)
    lengths = _lengths(task.sequence_length)
    parity = verify(model, converted, lengths, tolerance=TOLERANCE)
    content = quantize(
        _ready(model, form, shown.entering, target.parent, lengths) or converted,
        recipe,
        [in_form(batch, form, tokenizer.special.pad) for batch in shown.inputs],
        shown.entering,
    )
    # The other form is for clients that take no subgraphs.
    content = leave_unpacked(content) if form.encoder == "loop" else content
    check_structure(content)
    positions = model.backbone.config.max_position_embeddings
    content = add_metadata(content, task, source, positions, form)

    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name:
        folder = Path(name) / "export"
        folder.mkdir()
        (folder / MODEL_FILE).write_bytes(content)
        vocabulary = [FileRecord.of(folder / file) for file in tokenizer.save(folder)]
        engine = Engine(content)
        contract = Contract(
            format_version=FORMAT_VERSION,
            created_by=f"albert_tf {__version__}",
            recipe=recipe,
            encoder=form.encoder,
            signature=SIGNATURE,
            inputs=engine.inputs,
            outputs=engine.outputs,
            task=task_to_dict(task),
            special_ids=asdict(tokenizer.special),
            parity=parity,
            model=FileRecord.of(folder / MODEL_FILE),
            vocabulary=vocabulary,
        )
        contract.write(folder)
        report = _judged(folder, engine, model, converted, gate, examples, shown, progress)
        write_report(report, folder)
        check_target(target, _WRITTEN)  # somebody may have written into it meanwhile
        put(folder, target, Path(name) / "before")
    return contract


def _open(
    source: Path, head: str | None, recipe: str, form: Form, gate: Gate
) -> tuple[Head, Task, Tokenizer]:
    """The model, what it answers as far as the form has room, and its vocabulary."""
    tokenizer = load_tokenizer(source)
    model, task = open_head(source, head)
    gate.check_recipe(recipe, task)
    config = model.backbone.config
    check_widths(recipe, config)
    check_vocabulary(source, tokenizer.vocab_size, config)
    return model, _fitted(task, form, config.max_position_embeddings), tokenizer


def _lengths(longest: int) -> tuple[int, ...]:
    """Those at which a file is compared with Keras."""
    return min(8, longest), 1 + longest // 2, longest


def _ready(
    model: Head, form: Form, entering: Entering, scratch: Path, lengths: tuple[int, ...]
) -> bytes:
    """The centered file, for the quantizer; nothing where that is to have the plain one."""
    if not entering:
        return b""
    with centered(entering):
        converted = convert(build_signature(model, form, model.inputs), scratch)
    verify(model, converted, lengths, tolerance=CENTERED_TOLERANCE)
    return converted


def _judged(
    folder: Path,
    engine: Engine,
    model: Head,
    converted: bytes,
    gate: Gate,
    examples: Sequence[Any],
    shown: Shown,
    progress: bool,
) -> Report:
    """What the runtime makes of an export, which it must be able to open."""
    exported = load(folder)
    contract, longest = exported.contract, exported.task.sequence_length
    check_finite(engine, longest, model.backbone.config)
    times = latencies_ms(engine, longest)
    drop = gate.measure(contract.recipe, converted, exported, examples, progress=progress)
    errors = _errors(model, exported, examples[:_COMPARED], shown, folder.parent)
    return Report(contract, len(converted), drop, times, errors)


def _errors(
    model: Head, exported: EdgeModel, examples: Sequence[Any], shown: Shown, scratch: Path
) -> list[float]:
    """Those by depth of the body, which the float file does not have."""
    recipe = exported.contract.recipe
    if recipe == FLOAT_RECIPE:
        return []
    inputs = task_inputs(exported.task, exported.tokenizer, examples)
    if not inputs:
        config, rng = model.backbone.config, np.random.default_rng(0)
        length = min(64, config.max_position_embeddings)
        inputs = random_inputs((1, length), config, rng)
    small = partial(quantize, name=recipe, entering=shown.entering)
    with centered(shown.entering):
        return errors_by_depth(model, small, inputs, shown.inputs, scratch=scratch)


def _fitted(task: Task, form: Form, positions: int) -> Task:
    """The task, made to read what the form has room for."""
    length = form.sequence_length or task.sequence_length
    if length > positions:
        raise ValueError(
            f"sequence_length must be at most max_position_embeddings ({positions}); got {length}. "
            f"Give a shorter --sequence-length."
        )
    fitted: Task = replace(task, sequence_length=length)  # type: ignore[type-var]
    return fitted


def _check_calibration(recipe: str, calibration: Path | None) -> None:
    """A recipe has the examples it needs, and no others."""
    check_recipe(recipe, calibration is not None)
    if calibration is not None and recipe not in INTEGER_RECIPES:
        raise ValueError(f"recipe {recipe} sees no examples; leave --calibration out.")
    if calibration is not None and not calibration.exists():
        raise FileNotFoundError(f"calibration must be a file of the task; got {calibration}.")
