"""A real checkpoint gives the reference numbers; a wrong one gives an error that lists why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from albert_tf.examples.packing import pack, pad_batch
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.huggingface import (
    places_of,
    read_checkpoint,
    write_checkpoint,
)
from albert_tf.models.checkpoints.huggingface_config import read_config
from albert_tf.models.checkpoints.tensors import CheckpointMismatch
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.text.tokenizer import load_tokenizer
from tests.conftest import TINY
from tests.layers.reference import randomized

H, E, V, F = 8, 5, 31, 13
CONFIG = {
    "model_type": "albert", "vocab_size": V, "embedding_size": E, "hidden_size": H,
    "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": F,
    "max_position_embeddings": 17, "hidden_act": "gelu_new", "layer_norm_eps": 1e-12,
}  # fmt: skip


def tiny_checkpoint(folder: Path, **config: object) -> dict[str, np.ndarray]:
    """Writes a backbone of random numbers in the format's names and returns its tensors."""
    layer = "encoder.albert_layer_groups.0.albert_layers.0"
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (V, E),
        "embeddings.position_embeddings.weight": (17, E),
        "embeddings.token_type_embeddings.weight": (2, E),
    }
    for name, shape in {
        "embeddings.LayerNorm": (E,), "encoder.embedding_hidden_mapping_in": (H, E),
        f"{layer}.attention.query": (H, H), f"{layer}.attention.key": (H, H),
        f"{layer}.attention.value": (H, H), f"{layer}.attention.dense": (H, H),
        f"{layer}.attention.LayerNorm": (H,), f"{layer}.ffn": (F, H),
        f"{layer}.ffn_output": (H, F), f"{layer}.full_layer_layer_norm": (H,), "pooler": (H, H),
    }.items():  # fmt: skip
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    rng = np.random.default_rng(0)
    tensors = {n: rng.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    save_file(tensors, folder / "model.safetensors")
    return tensors


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


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "bert"}, "model_type must be albert; got 'bert'"),
        ({"hidden_act": "swish"}, "hidden_act must be one of gelu_new, gelu, relu; got 'swish'"),
        ({"layer_norm_eps": 1e-5}, "layer_norm_eps must be 1e-12"),
        ({"head_mask": True}, "unknown keys .'head_mask'"),
        ({"id2label": {"0": "a", "2": "b"}}, "id2label must number its labels from 0"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused(
    tmp_path: Path, config: dict[str, object], words: str
) -> None:
    tiny_checkpoint(tmp_path, **config)
    with pytest.raises(ValueError, match=words):
        read_checkpoint(tmp_path)


@pytest.mark.parity
def test_the_real_checkpoint_equals_the_original(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "albert-kor-base"
    reference = np.load(folder / "reference.npz")
    model = read_checkpoint(folder).model
    assert isinstance(model, AlbertPretrainer)
    rows, columns = reference["mask_rows"], reference["mask_cols"]
    inputs = {name: reference[name] for name in ("token_ids", "segment_ids", "padding_mask")}
    positions = np.zeros((len(inputs["token_ids"]), 1), np.int32)
    positions[rows, 0] = columns

    def differences() -> dict[str, float]:
        body = model.backbone(inputs)
        heads = model({**inputs, "mask_positions": positions})
        pairs = {
            "sequence_output": (body["sequence_output"], reference["sequence_output"]),
            "pooled_output": (body["pooled_output"], reference["pooled_output"]),
            "sop_logits": (heads["sop"], reference["sop_logits"]),
            "mlm_logits": (np.asarray(heads["mlm"])[rows, 0], reference["mlm_logits"]),
        }
        return {name: float(np.abs(ours - theirs).max()) for name, (ours, theirs) in pairs.items()}

    found = differences()
    print({name: f"{value:.1e}" for name, value in found.items()})
    # Twelve float32 layers summed in another order than the original; 1.3e-5 was measured.
    assert max(found.values()) <= 1e-4

    # The control: one weight of 768 x 3072 nudged by a hundredth.
    kernel = model.backbone.encoder.feed_forward[0][0].intermediate.kernel
    nudged = np.asarray(kernel).copy()
    nudged[5, 7] += 0.01
    kernel.assign(nudged)
    assert differences()["sequence_output"] > 1e-4


@pytest.mark.parity
def test_a_damaged_copy_of_the_real_checkpoint_is_refused(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "checkpoints" / "albert-kor-base"
    tensors = load_file(folder / "model.safetensors")
    tensors["albert.pooler.weight"] = tensors["albert.pooler.weight"][:7]
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(CheckpointMismatch, match=r"pooler.weight has shape .7, 768."):
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


def test_written_files_have_the_names_and_shapes_of_the_real_one(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "albert-kor-base"
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        real = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    config = read_config(folder / "config.json")
    model = AlbertPretrainer(AlbertBackbone(config))
    written = {place.name: place.stored_shape for place in places_of(model)}
    assert set(real) - set(written) == {
        "albert.embeddings.position_ids", "predictions.decoder.bias",
    }  # fmt: skip
    assert {name: real[name] for name in written} == written


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


@pytest.mark.parity
def test_a_real_checkpoint_of_another_shape_equals_the_original(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "plbert"
    reference = np.load(folder / "reference.npz")
    imported = read_checkpoint(folder)
    backbone = imported.model
    assert imported.initialized == ("pooler",)
    token_ids = reference["input_ids"].astype(np.int32)
    inputs = {
        "token_ids": token_ids,
        "segment_ids": np.zeros_like(token_ids),
        "padding_mask": np.ones_like(token_ids),
    }

    def difference() -> float:
        found = np.asarray(backbone(inputs)["sequence_output"])
        return float(np.abs(found - reference["last_hidden"]).max())

    print(f"plbert: {difference():.1e}")
    # Twelve float32 layers summed in another order than the original.
    assert difference() <= 1e-4
    beta = backbone.embedding.norm.beta
    beta.assign(np.asarray(beta) + 0.01)
    assert difference() > 1e-4


@pytest.mark.parity
def test_the_real_checkpoint_guesses_a_sensible_word(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "albert-kor-base"
    tokenizer = load_tokenizer(folder)
    model = read_checkpoint(folder).model
    before, after = (tokenizer.encode(text).token_ids for text in ("이 영화는 정말", "있다."))
    packed = pack([*before, tokenizer.special.mask, *after], None, tokenizer.special)
    place = np.array([[1 + len(before)]], np.int32)
    inputs = pad_batch([packed], len(packed.token_ids), tokenizer.special.pad)
    logits = np.asarray(model({**inputs, "mask_positions": place})["mlm"])[0, 0]
    # What the original implementation says, too.
    assert int(logits.argmax()) == tokenizer.encode("재미가").token_ids[0]
    assert tokenizer.encode("재미가").pieces == ["재미가"]


def test_a_model_without_projection_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, embedding_size=H)
    with pytest.raises(ValueError, match="embedding_size must differ from hidden_size"):
        read_checkpoint(tmp_path)
