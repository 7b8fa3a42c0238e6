"""A checkpoint in Hugging Face's layout, as small as can be."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

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
