"""A checkpoint is read and written with its heads; a wrong one gives an error that lists why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.huggingface import (
    read_checkpoint,
    write_checkpoint,
)
from albert_tf.models.checkpoints.tensors import CheckpointMismatch
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from tests.conftest import TINY
from tests.layers.reference import randomized
from tests.models.checkpoints.tiny import E, H, V, tiny_checkpoint


def test_a_bare_backbone_is_read_and_transposed(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path)
    model = read_checkpoint(tmp_path).model
    assert isinstance(model, AlbertBackbone)
    np.testing.assert_array_equal(
        model.embedding.projection.kernel,
        tensors["encoder.embedding_hidden_mapping_in.weight"].T,
    )


def test_every_wrong_tensor_is_listed(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path)
    del tensors["pooler.bias"]
    tensors["surprise"] = np.zeros(3, np.float32)
    tensors["embeddings.word_embeddings.weight"] = np.zeros((V - 1, E), np.float32)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointMismatch) as raised:
        read_checkpoint(tmp_path)
    assert "missing albert.pooler.bias" in str(raised.value)
    assert "unexpected albert.surprise" in str(raised.value)
    assert "word_embeddings.weight has shape (30, 5), expected (31, 5)" in str(raised.value)


def test_an_empty_checkpoint_never_trains_silently(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    save_file({}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=r"missing albert.embeddings.LayerNorm.bias"):
        read_checkpoint(tmp_path)


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="is damaged"):
        read_checkpoint(tmp_path)


def test_a_pickle_is_refused_with_the_way_out(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"is a pickle.*save it as safetensors first"):
        read_checkpoint(tmp_path)


def without_pooler(folder: Path, **heads: np.ndarray) -> None:
    tensors = {f"albert.{name}": tensor for name, tensor in tiny_checkpoint(folder).items()}
    kept = {name: tensor for name, tensor in tensors.items() if ".pooler." not in name}
    save_file({**kept, **heads}, folder / "model.safetensors")


def test_a_pooler_that_no_head_reads_may_be_absent_and_is_reported(tmp_path: Path) -> None:
    without_pooler(tmp_path)
    imported = read_checkpoint(tmp_path)
    assert type(imported.model) is AlbertBackbone
    assert imported.initialized == ("pooler",)
    span = {"qa_outputs.weight": np.ones((2, H), np.float32), "qa_outputs.bias": np.zeros(2, "f")}
    without_pooler(tmp_path, **span)
    imported = read_checkpoint(tmp_path)
    assert isinstance(imported.model, AlbertQuestionAnswerer)
    assert imported.initialized == ("pooler",)


def test_a_pooler_that_a_head_reads_must_be_there(tmp_path: Path) -> None:
    head = {"classifier.weight": np.ones((2, H), np.float32), "classifier.bias": np.zeros(2, "f")}
    without_pooler(tmp_path, **head)
    with pytest.raises(CheckpointMismatch, match=r"missing albert.pooler.weight"):
        read_checkpoint(tmp_path)


KINDS: dict[str, Callable[[AlbertBackbone], Any]] = {
    "AlbertModel": lambda backbone: backbone,
    "AlbertForMaskedLM": lambda backbone: AlbertPretrainer(backbone, sentence_objective="none"),
    "AlbertForPreTraining": AlbertPretrainer,
    "AlbertForSequenceClassification": lambda backbone: AlbertTextClassifier(backbone, 3),
    "AlbertForQuestionAnswering": AlbertQuestionAnswerer,
    "AlbertForMultipleChoice": AlbertMultipleChoice,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_reads_back_with_its_heads(tmp_path: Path, kind: str) -> None:
    model = randomized(KINDS[kind](AlbertBackbone(TINY)))
    labels = ("no", "yes", "maybe") if "Classification" in kind else ()
    write_checkpoint(model, tmp_path, labels)
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == [kind]
    imported = read_checkpoint(tmp_path)
    assert type(imported.model) is type(model)
    assert imported.initialized == imported.left_out == ()
    assert not labels or imported.labels == labels
    for ours, again in zip(model.weights, imported.model.weights, strict=True):
        np.testing.assert_array_equal(ours, again)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"parameter_sharing": "ffn"}, "parameter_sharing must be all or none"),
        ({"embedding_size": 26}, "embedding_size must differ from hidden_size"),
    ],
)
def test_what_the_layout_cannot_say_is_refused(
    tmp_path: Path, model: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        write_checkpoint(AlbertBackbone(replace(TINY, **model)), tmp_path)
    with pytest.raises(ValueError, match="sentence_objective must be sop or none"):
        write_checkpoint(AlbertPretrainer(AlbertBackbone(TINY), sentence_objective="nsp"), tmp_path)


def test_labels_and_classes_must_agree(tmp_path: Path) -> None:
    write_checkpoint(AlbertTextClassifier(AlbertBackbone(TINY), 3), tmp_path, ("no", "yes"))
    with pytest.raises(CheckpointMismatch, match=r"3 rows in classifier.weight, but 2"):
        read_checkpoint(tmp_path)


def test_half_precision_is_read(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path)
    halves = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    save_file(halves, tmp_path / "model.safetensors")
    kernel = read_checkpoint(tmp_path).model.pooler.dense.kernel
    np.testing.assert_array_equal(kernel, halves["pooler.weight"].T.astype(np.float32))


def test_a_header_that_lies_about_its_data_is_an_error(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    path = tmp_path / "model.safetensors"
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["pooler.bias"]["data_offsets"][1] += 4_000_000
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])
    with pytest.raises(ValueError, match="is damaged"):
        read_checkpoint(tmp_path)
    path.write_bytes((10**15).to_bytes(8, "little") + content[8:])
    with pytest.raises(ValueError, match="is damaged"):
        read_checkpoint(tmp_path)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path)
    tensors["pooler.bias"][3] = np.inf
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=r"pooler.bias has values that are not finite"):
        read_checkpoint(tmp_path)


def test_a_model_without_projection_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, embedding_size=H)
    with pytest.raises(ValueError, match="embedding_size must differ from hidden_size"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "AlbertModel"])
def test_a_file_without_the_head_its_config_names_is_refused(tmp_path: Path, kind: str) -> None:
    tiny_checkpoint(tmp_path, architectures=[kind])
    with pytest.raises(CheckpointMismatch, match=f"which says {kind}: missing "):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "changed",
    ["predictions.decoder.weight", "predictions.decoder.bias", "albert.embeddings.position_ids"],
)
def test_tied_tensors_must_be_what_they_are_tied_to(tmp_path: Path, changed: str) -> None:
    model = AlbertPretrainer(randomized(AlbertBackbone(TINY)))
    write_checkpoint(model, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tied = {
        "predictions.decoder.weight": tensors["albert.embeddings.word_embeddings.weight"],
        "predictions.decoder.bias": tensors["predictions.bias"],
        "albert.embeddings.position_ids": np.arange(64)[None],
    }
    save_file({**tensors, **tied}, tmp_path / "model.safetensors")
    assert isinstance(read_checkpoint(tmp_path).model, AlbertPretrainer)
    save_file({**tensors, **tied, changed: tied[changed] + 1}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=f"{changed} is not "):
        read_checkpoint(tmp_path)


def test_a_head_that_the_layout_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no place for the head of an AlbertTextRegressor"):
        write_checkpoint(AlbertTextRegressor(AlbertBackbone(TINY)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_quantized_weights_are_refused(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path)
    tensors["pooler.weight"] = np.full((H, H), 100, np.int8)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=r"not quantized ones; .*pooler.weight .int8."):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("shape", [(1, H), ()])
def test_a_regression_head_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    tensors = {f"albert.{name}": tensor for name, tensor in tiny_checkpoint(tmp_path).items()}
    tensors["classifier.weight"] = np.ones(shape, np.float32)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="holds a regression head"):
        read_checkpoint(tmp_path)


def test_a_config_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, vocab_size=10**13)
    with pytest.raises(CheckpointMismatch, match=r"calls for 50,000,000,\d+,\d+ weights; it has"):
        read_checkpoint(tmp_path)
