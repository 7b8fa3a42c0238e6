"""A real checkpoint gives the reference numbers; a wrong one gives an error that lists why."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.huggingface import CheckpointMismatch, read_checkpoint
from albert_tf.models.pretrainer import AlbertPretrainer

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
    model = read_checkpoint(tmp_path)
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
    model = read_checkpoint(folder)
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
    kernel = model.backbone.encoder.groups[0][0].intermediate.kernel
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
    with pytest.raises(CheckpointMismatch, match=r"pooler.weight has shape .768, 7."):
        read_checkpoint(tmp_path)


def test_a_masked_lm_without_sentence_order_gives_its_backbone(tmp_path: Path) -> None:
    tensors = tiny_checkpoint(tmp_path, _name_or_path="x", position_embedding_type="absolute")
    tensors = {f"albert.{name}": tensor for name, tensor in tensors.items()}
    tensors["predictions.dense.weight"] = np.zeros((E, H), np.float32)
    save_file(tensors, tmp_path / "model.safetensors")
    assert isinstance(read_checkpoint(tmp_path), AlbertBackbone)


def test_a_model_without_projection_is_refused(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, embedding_size=H)
    with pytest.raises(ValueError, match="embedding_size must differ from hidden_size"):
        read_checkpoint(tmp_path)
