"""ALBERT in NumPy over tensors named as the official TensorFlow 1 code names them.

Written from the paper and the names alone, it shares nothing with the package.
"""

import math

import numpy as np

from albert_tf.config import AlbertConfig

Tensors = dict[str, np.ndarray]


def random_tensors(config: AlbertConfig, seed: int = 0) -> Tensors:
    """Every tensor of an official pretraining checkpoint, filled by chance."""
    v, e, h, f = (
        config.vocab_size, config.embedding_size, config.hidden_size, config.intermediate_size
    )  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {
        "bert/embeddings/word_embeddings": (v, e),
        "bert/embeddings/position_embeddings": (config.max_position_embeddings, e),
        "bert/embeddings/token_type_embeddings": (config.type_vocab_size, e),
        **_norm("bert/embeddings/LayerNorm", e),
        **_dense("bert/encoder/embedding_hidden_mapping_in", e, h),
        **_dense("bert/pooler/dense", h, h),
        **_dense("cls/predictions/transform/dense", h, e),
        **_norm("cls/predictions/transform/LayerNorm", e),
        "cls/predictions/output_bias": (v,),
        "cls/seq_relationship/output_weights": (2, h),
        "cls/seq_relationship/output_bias": (2,),
    }
    for group in range(config.num_hidden_groups):
        for inner in range(config.inner_group_num):
            layer = f"bert/encoder/transformer/group_{group}/inner_group_{inner}"
            for name in ("self/query", "self/key", "self/value", "output/dense"):
                shapes |= _dense(f"{layer}/attention_1/{name}", h, h)
            shapes |= _norm(f"{layer}/LayerNorm", h) | _norm(f"{layer}/LayerNorm_1", h)
            shapes |= _dense(f"{layer}/ffn_1/intermediate/dense", h, f)
            shapes |= _dense(f"{layer}/ffn_1/intermediate/output/dense", f, h)
    rng = np.random.default_rng(seed)
    return {
        # Scales near one keep the layers alive; everything else is small, as after training.
        name: (rng.normal(size=shape, scale=0.2) + name.endswith("gamma")).astype(np.float32)
        for name, shape in sorted(shapes.items())
    }


def random_inputs(config: AlbertConfig, seed: int = 1) -> dict[str, np.ndarray]:
    """Three sequences of seven tokens, with segments and padding."""
    rng = np.random.default_rng(seed)
    return {
        "token_ids": rng.integers(0, config.vocab_size, (3, 7)).astype(np.int32),
        "segment_ids": np.array([[0, 0, 0, 1, 1, 1, 0]] * 3, np.int32),
        "padding_mask": np.array([[1] * 7, [1] * 6 + [0], [1, 1, 1, 1, 0, 0, 0]], np.int32),
    }


def forward(tensors: Tensors, config: AlbertConfig, inputs: dict[str, np.ndarray]) -> Tensors:
    """Returns sequence_output, pooled_output, mlm (at every place) and sop, in float64."""
    tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ tensors[f"{name}/kernel"] + tensors[f"{name}/bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * tensors[f"{name}/gamma"] + tensors[f"{name}/beta"]

    def attend(name: str, x: np.ndarray) -> np.ndarray:
        query, key, value = (_heads(dense(f"{name}/self/{part}", x), config) for part in (
            "query", "key", "value"
        ))  # fmt: skip
        scores = np.einsum("batd,basd->bats", query, key) / math.sqrt(config.head_size)
        scores = np.where(inputs["padding_mask"][:, None, None, :] == 1, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        context = np.einsum("bats,basd->btad", weights, value)
        return dense(f"{name}/output/dense", context.reshape(x.shape))

    x = tensors["bert/embeddings/word_embeddings"][inputs["token_ids"]]
    x = x + tensors["bert/embeddings/position_embeddings"][: x.shape[1]]
    x = x + tensors["bert/embeddings/token_type_embeddings"][inputs["segment_ids"]]
    x = dense("bert/encoder/embedding_hidden_mapping_in", norm("bert/embeddings/LayerNorm", x))
    for application in range(config.num_hidden_layers):
        group = application * config.num_hidden_groups // config.num_hidden_layers
        for inner in range(config.inner_group_num):
            layer = f"bert/encoder/transformer/group_{group}/inner_group_{inner}"
            x = norm(f"{layer}/LayerNorm", x + attend(f"{layer}/attention_1", x))
            wide = _gelu(dense(f"{layer}/ffn_1/intermediate/dense", x))
            narrow = dense(f"{layer}/ffn_1/intermediate/output/dense", wide)
            x = norm(f"{layer}/LayerNorm_1", x + narrow)
    pooled = np.tanh(dense("bert/pooler/dense", x[:, 0]))
    guess = _gelu(dense("cls/predictions/transform/dense", x))
    guess = norm("cls/predictions/transform/LayerNorm", guess)
    order = tensors["cls/seq_relationship/output_weights"].T
    return {
        "sequence_output": x,
        "pooled_output": pooled,
        "mlm": guess @ tensors["bert/embeddings/word_embeddings"].T
        + tensors["cls/predictions/output_bias"],
        "sop": pooled @ order + tensors["cls/seq_relationship/output_bias"],
    }


def _heads(x: np.ndarray, config: AlbertConfig) -> np.ndarray:
    split = x.reshape(*x.shape[:2], config.num_attention_heads, config.head_size)
    return split.transpose(0, 2, 1, 3)


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/gamma": (width,), f"{name}/beta": (width,)}
