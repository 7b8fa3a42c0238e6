"""Reads and writes presets of KerasHub's own ALBERT.

preset  <->  [kerashub]  <->  a backbone or a classifier

KerasHub has ALBERT's backbone and a text classifier. Its masked-LM head normalizes with
another epsilon than the released one, so that head is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_hub

from albert_tf.config import AlbertConfig
from albert_tf.json_file import read_json_object
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.tensors import CheckpointMismatch, Imported
from albert_tf.models.classifier import AlbertTextClassifier

Pairs = Iterator[tuple[keras.Variable, keras.Variable]]


def read_checkpoint(preset: Path) -> Imported:
    """Builds the model of a preset.

    Args:
        preset: Its folder.

    Raises:
        FileNotFoundError: the folder holds no preset.
        ValueError: the preset is damaged or is not an ALBERT.
    """
    if not (preset / "config.json").exists():
        raise FileNotFoundError(f"{preset} holds no preset: config.json is missing.")
    task = _task_of(preset)
    if task != "AlbertTextClassifier":
        backbone = from_keras_hub(_open(keras_hub.models.AlbertBackbone, preset))
        return Imported(backbone, left_out=("masked-LM head",) if task else ())
    theirs = _open(keras_hub.models.AlbertTextClassifier, preset, preprocessor=None)
    model = AlbertTextClassifier(
        from_keras_hub(theirs.backbone), num_classes=theirs.num_classes, dropout=theirs.dropout
    )
    _copy((ours, its) for its, ours in _dense(theirs.output_dense, model.head))
    labels = tuple(f"LABEL_{number}" for number in range(theirs.num_classes))
    return Imported(model, labels=labels)


def write_checkpoint(
    model: Any, directory: Path, spiece_model: Path | None = None
) -> tuple[str, ...]:
    """Writes a preset that `keras_hub` opens by itself.

    Args:
        model: A backbone or a task model of this package.
        directory: The folder of the preset.
        spiece_model: A SentencePiece vocabulary to put into it; KerasHub reads no other.

    Returns:
        What KerasHub has no place for: nothing for a backbone or a classifier.

    Raises:
        ValueError: KerasHub's ALBERT cannot be built like this one.
    """
    backbone: AlbertBackbone = getattr(model, "backbone", model)
    theirs: Any = to_keras_hub(backbone)
    left_out: tuple[str, ...] = () if model is backbone else ("heads",)
    tokenizer: Any = None
    if spiece_model is not None:
        tokenizer = keras_hub.models.AlbertTokenizer(spiece_model.read_bytes())
    if isinstance(model, AlbertTextClassifier):
        theirs = keras_hub.models.AlbertTextClassifier(
            backbone=theirs,
            num_classes=model.num_classes,
            preprocessor=_preprocessor(tokenizer, backbone.config.max_position_embeddings),
            dropout=model.dropout,
        )
        _copy(_dense(theirs.output_dense, model.head))
        left_out = ()
    theirs.save_to_preset(str(directory))
    if tokenizer is not None:
        tokenizer.save_to_preset(str(directory))
    return left_out


def _preprocessor(tokenizer: Any, longest: int) -> Any:
    if tokenizer is None:
        return None
    return keras_hub.models.AlbertTextClassifierPreprocessor(tokenizer, sequence_length=longest)


def from_keras_hub(theirs: Any) -> AlbertBackbone:
    """Returns our backbone with the weights of KerasHub's."""
    config = AlbertConfig(
        vocab_size=theirs.vocabulary_size,
        embedding_size=theirs.embedding_dim,
        hidden_size=theirs.hidden_dim,
        num_hidden_layers=theirs.num_layers,
        num_hidden_groups=theirs.num_groups,
        inner_group_num=theirs.num_inner_repetitions,
        num_attention_heads=theirs.num_heads,
        intermediate_size=theirs.intermediate_dim,
        max_position_embeddings=theirs.max_sequence_length,
        type_vocab_size=theirs.num_segments,
        hidden_dropout_prob=theirs.dropout,
        attention_probs_dropout_prob=theirs.dropout,
    )
    _check_projection(config)
    ours = AlbertBackbone(config)
    _copy((mine, its) for its, mine in _pairs(theirs, ours))
    return ours


def to_keras_hub(ours: AlbertBackbone) -> Any:
    """Returns KerasHub's backbone with the weights of ours.

    Raises:
        ValueError: KerasHub has no such sharing, activation, or pair of dropout rates.
    """
    config = ours.config
    _check_projection(config)
    if config.hidden_act != "gelu":
        raise ValueError(f"hidden_act must be gelu for KerasHub; got {config.hidden_act!r}.")
    rates = {config.hidden_dropout_prob, config.attention_probs_dropout_prob}
    if len(rates) > 1:
        raise ValueError(f"KerasHub has one dropout rate for all; got {sorted(rates)}.")
    ours.encoder.stored_layers()  # refuses sharing of halves before anything is built
    theirs = keras_hub.models.AlbertBackbone(
        vocabulary_size=config.vocab_size,
        num_layers=config.num_hidden_layers,
        num_heads=config.num_attention_heads,
        embedding_dim=config.embedding_size,
        hidden_dim=config.hidden_size,
        intermediate_dim=config.intermediate_size,
        num_groups=config.attention_groups,
        num_inner_repetitions=config.inner_group_num,
        dropout=config.hidden_dropout_prob,
        max_sequence_length=config.max_position_embeddings,
        num_segments=config.type_vocab_size,
    )
    _copy(_pairs(theirs, ours))
    return theirs


def _check_projection(config: AlbertConfig) -> None:
    if config.embedding_size == config.hidden_size:
        raise ValueError(
            f"embedding_size must differ from hidden_size, for KerasHub always projects from one "
            f"to the other; got {config.embedding_size} for both."
        )


def _task_of(preset: Path) -> str | None:
    """Class of the task stored in a local preset."""
    path = preset / "task.json"
    return str(read_json_object(path).get("class_name")) if path.exists() else None


def _open(kind: Any, preset: Path, **settings: Any) -> Any:
    try:
        return kind.from_preset(str(preset), **settings)
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:300]
        raise ValueError(f"the preset {preset} cannot be opened: {reason}.") from error


def _copy(pairs: Any) -> None:
    """Fills the first variable of each pair from the second.

    Raises:
        CheckpointMismatch: a value is not finite.
    """
    for target, source in pairs:
        if not bool(keras.ops.all(keras.ops.isfinite(source))):
            raise CheckpointMismatch(f"{source.path} has values that are not finite.")
        target.assign(keras.ops.reshape(source, target.shape))


def _pairs(theirs: Any, ours: AlbertBackbone) -> Pairs:
    embedding = ours.embedding
    yield theirs.token_embedding.embeddings, embedding.token.embeddings
    yield theirs.position_embedding.position_embeddings, embedding.position.embeddings
    yield theirs.segment_embedding.embeddings, embedding.segment.embeddings
    yield from _norm(theirs.embeddings_layer_norm, embedding.norm)
    yield from _dense(theirs.embeddings_projection, embedding.projection)
    yield from _dense(theirs.pooled_dense, ours.pooler.dense)
    for group, inner, attention, feed_forward in ours.encoder.stored_layers():
        layer = theirs.transformer_layers[group][inner]
        heads = layer._self_attention_layer
        yield from _dense(heads.query_dense, attention.attention.query)
        yield from _dense(heads.key_dense, attention.attention.key)
        yield from _dense(heads.value_dense, attention.attention.value)
        yield from _dense(heads.output_dense, attention.attention.output_projection)
        yield from _norm(layer._self_attention_layer_norm, attention.norm)
        yield from _dense(layer._feedforward_intermediate_dense, feed_forward.intermediate)
        yield from _dense(layer._feedforward_output_dense, feed_forward.output_projection)
        yield from _norm(layer._feedforward_layer_norm, feed_forward.norm)


def _dense(theirs: Any, ours: Any) -> Pairs:
    yield theirs.kernel, ours.kernel
    yield theirs.bias, ours.bias


def _norm(theirs: Any, ours: Any) -> Pairs:
    yield theirs.gamma, ours.gamma
    yield theirs.beta, ours.beta
