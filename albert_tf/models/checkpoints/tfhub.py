"""Reads ALBERT modules of TensorFlow Hub, of its first and of its second format.

SavedModel folder  ->  [tfhub.read_checkpoint]  ->  a task model or a backbone

Only the variables are read, the graph is not. The first format holds the names of
google-research/albert; the second those of TensorFlow Model Garden, where attention kernels
have the heads as an axis of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints import google
from albert_tf.models.checkpoints.tensors import (
    CheckpointMismatch,
    Imported,
    Place,
    Tensor,
    assign,
    check_size,
)

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_TABLES = {
    "first": ("bert/embeddings/word_embeddings", "bert/embeddings/position_embeddings"),
    "second": ("word_embeddings/embeddings", "position_embedding/embeddings"),
}


def read_checkpoint(directory: Path) -> Imported:
    """Builds the model that a module holds.

    The format does not store a config. `albert_config.json` is read if it lies in the folder;
    without it the widths must be those of a released size.

    Args:
        directory: Holds `saved_model.pb` and `variables/`.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointMismatch: tensors are missing, left over, of another shape, or not finite.
        ValueError: the module is damaged, or its size is not known.

    Source: tensorflow/models tf2_albert_encoder_checkpoint_converter.py for the names of the
    second format.
    """
    if not (directory / "saved_model.pb").exists():
        raise FileNotFoundError(f"{directory} holds no SavedModel: saved_model.pb is missing.")
    prefix = google.find_checkpoint(directory / "variables")
    tensors = google.read_tensors(prefix)
    if _TABLES["first"][0] in tensors:
        config = _config(directory, tensors, "first", "bert/encoder")
        return google.build(config, tensors, str(prefix))
    tensors = _second_format(prefix)
    config = _config(directory, tensors, "second", "transformer")
    if config.attention_groups > 1 or config.feed_forward_groups > 1 or config.inner_group_num > 1:
        raise ValueError(f"{directory} must have one layer, as the format does; got {config}.")
    check_size(config, tensors, str(prefix))
    backbone = AlbertBackbone(config)
    heads = [name for name in tensors if name.startswith("cls/")]
    body = {name: tensor for name, tensor in tensors.items() if name not in heads}
    assign(_places(backbone), body, str(prefix))
    return Imported(backbone, left_out=("masked-LM head",) if heads else ())


def _second_format(prefix: Path) -> dict[str, Tensor]:
    """Tensors under the names their variables had, which the object graph remembers."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    reader = tf.train.load_checkpoint(str(prefix))
    if not reader.has_tensor(_OBJECT_GRAPH):
        raise ValueError(f"{prefix} is not a module of ALBERT.")
    try:
        graph = TrackableObjectGraph.FromString(reader.get_tensor(_OBJECT_GRAPH))
    except DecodeError as error:
        raise ValueError(f"{prefix} is damaged: {error}.") from error
    keys = {
        attribute.full_name: attribute.checkpoint_key
        for node in graph.nodes
        for attribute in node.attributes
        if "/" in attribute.full_name
    }
    return {name: reader.get_tensor(key).astype(np.float32) for name, key in keys.items()}


def _config(
    directory: Path, tensors: dict[str, Tensor], file_format: str, encoder: str
) -> AlbertConfig:
    path = directory / google.CONFIG_FILE
    if path.exists():
        return AlbertConfig.read(path)
    words, places = _TABLES[file_format]
    inner = [
        tensor.shape
        for name, tensor in tensors.items()
        if tensor.ndim == 2
        and name.startswith(encoder)
        and name.endswith(("intermediate/kernel", "dense/kernel"))
    ]
    missing = [name for name in (words, places) if name not in tensors]
    if missing or not inner:
        raise CheckpointMismatch(f"{directory} is no module of ALBERT: missing {missing}.")
    hidden, wide = max(inner, key=lambda shape: shape[-1])
    for size in AlbertConfig.sizes():
        config = AlbertConfig.named(size, vocab_size=len(tensors[words]))
        widths = (config.embedding_size, config.hidden_size, config.intermediate_size)
        if widths == (tensors[words].shape[1], hidden, wide):
            return config
    raise ValueError(
        f"{directory} has the widths of no released size, and modules do not say how many layers "
        f"they have; put its {google.CONFIG_FILE} into that folder."
    )


def _places(backbone: AlbertBackbone) -> Iterator[Place]:
    embedding = backbone.embedding
    ((_, _, attention, feed_forward),) = backbone.encoder.stored_layers()
    yield Place("word_embeddings/embeddings", embedding.token.embeddings)
    yield Place("position_embedding/embeddings", embedding.position.embeddings)
    yield Place("type_embeddings/embeddings", embedding.segment.embeddings)
    yield from google.norm_places("embeddings/layer_norm", embedding.norm)
    if embedding.projection is not None:
        yield from google.dense_places("embedding_projection", embedding.projection)
    config = backbone.config
    heads = (config.num_attention_heads, config.head_size)
    for name in ("query", "key", "value"):
        layer = getattr(attention.attention, name)
        yield Place(
            f"transformer/self_attention/{name}/kernel",
            layer.kernel,
            shape=(config.hidden_size, *heads),
        )
        yield Place(f"transformer/self_attention/{name}/bias", layer.bias, shape=heads)
    output = attention.attention.output_projection
    yield Place(
        "transformer/self_attention/attention_output/kernel",
        output.kernel,
        shape=(*heads, config.hidden_size),
    )
    yield Place("transformer/self_attention/attention_output/bias", output.bias)
    yield from google.norm_places("transformer/self_attention_layer_norm", attention.norm)
    yield from google.dense_places("transformer/intermediate", feed_forward.intermediate)
    yield from google.dense_places("transformer/output", feed_forward.output_projection)
    yield from google.norm_places("transformer/output_layer_norm", feed_forward.norm)
    yield from google.dense_places("pooler_transform", backbone.pooler.dense)
