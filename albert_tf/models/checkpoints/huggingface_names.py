"""The names that Hugging Face's layout gives to the weights of an ALBERT.

[huggingface_names.places_of]  ->  huggingface

Kernels are stored transposed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.tensors import Place
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer


def places_of(model: Any) -> Iterator[Place]:
    """Yields where every tensor of the layout belongs in a model."""
    yield from _backbone_places(getattr(model, "backbone", model))
    if isinstance(model, AlbertPretrainer):
        yield from _dense("predictions.dense", model.masked_lm.dense)
        yield from _norm("predictions.LayerNorm", model.masked_lm.norm)
        yield Place("predictions.bias", model.masked_lm.bias)
        if model.sentence is not None:
            yield from _dense("sop_classifier.classifier", model.sentence)
    elif isinstance(model, AlbertQuestionAnswerer):
        yield from _dense("qa_outputs", model.head)
    elif not isinstance(model, AlbertBackbone):
        yield from _dense("classifier", model.head)


def _backbone_places(backbone: AlbertBackbone) -> Iterator[Place]:
    embedding = backbone.embedding
    prefix = "albert.embeddings"
    yield Place(f"{prefix}.word_embeddings.weight", embedding.token.embeddings)
    yield Place(f"{prefix}.position_embeddings.weight", embedding.position.embeddings)
    yield Place(f"{prefix}.token_type_embeddings.weight", embedding.segment.embeddings)
    yield from _norm(f"{prefix}.LayerNorm", embedding.norm)
    yield from _dense("albert.encoder.embedding_hidden_mapping_in", embedding.projection)
    yield from _dense("albert.pooler", backbone.pooler.dense)
    for group, inner, attention, feed_forward in backbone.encoder.stored_layers():
        prefix = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}"
        yield from _dense(f"{prefix}.attention.query", attention.attention.query)
        yield from _dense(f"{prefix}.attention.key", attention.attention.key)
        yield from _dense(f"{prefix}.attention.value", attention.attention.value)
        yield from _dense(f"{prefix}.attention.dense", attention.attention.output_projection)
        yield from _norm(f"{prefix}.attention.LayerNorm", attention.norm)
        yield from _dense(f"{prefix}.ffn", feed_forward.intermediate)
        yield from _dense(f"{prefix}.ffn_output", feed_forward.output_projection)
        yield from _norm(f"{prefix}.full_layer_layer_norm", feed_forward.norm)


def _dense(name: str, layer: keras.layers.Dense) -> Iterator[Place]:
    yield Place(f"{name}.weight", layer.kernel, transposed=True)
    yield Place(f"{name}.bias", layer.bias)


def _norm(name: str, layer: keras.layers.LayerNormalization) -> Iterator[Place]:
    yield Place(f"{name}.weight", layer.gamma)
    yield Place(f"{name}.bias", layer.beta)
