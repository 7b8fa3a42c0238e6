"""Opens a fine-tuned Keras model so that it answers as an exported one does; scores others.

finetune  ->  [evaluate.load]  ->  scores
pretrain  ->  [evaluate.score_pretrained]  ->  scores
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.examples.shards import TokenShards, vocabulary_checksum
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.saved import (
    check_labels,
    check_length,
    check_vocabulary,
    load_model,
    load_task_model,
)
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.task import TaskModel, read_task
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.training.evaluation import compiled_answers
from albert_tf.training.pretrain import (
    PretrainingOptions,
    evaluate_pretrainer,
    pretraining_batches,
)

_BATCH_SIZE = 32


def load(directory: str | Path) -> TaskModel:
    """Opens the folder of a fine-tuned Keras model.

    Raises:
        FileNotFoundError: the folder holds no such model.
        ValueError: it is damaged, or its task does not fit the model.
    """
    directory = Path(directory)
    task = read_task(directory)
    model, tokenizer = load_task_model(directory, task.name), load_tokenizer(directory)
    config = model.backbone.config
    check_vocabulary(directory, tokenizer.vocab_size, config)
    check_length(directory, task.sequence_length, config)
    if isinstance(task, ClassificationTask):
        check_labels(directory, task.labels, model)
    return TaskModel(task, tokenizer, compiled_answers(model), _BATCH_SIZE)


def score_pretrained(
    directory: str | Path, shards: TokenShards, limit: int = 4096
) -> dict[str, float]:
    """Scores a pretrained model on examples it has not seen.

    Masks and swaps are drawn as in training, with seed 0.

    Args:
        directory: Folder of the model.
        shards: Held-out documents.
        limit: How many examples, rounded up to whole batches.

    Returns:
        As `pretrain.evaluate_pretrainer`, and `examples`.

    Raises:
        FileNotFoundError: the folder holds no model.
        ValueError: it has no pretraining heads, or the shards have another vocabulary.
    """
    directory = Path(directory)
    model = load_model(directory)
    if not isinstance(model, AlbertPretrainer):
        raise ValueError(f"{directory} must hold a pretrained model with its heads.")
    if vocabulary_checksum(directory) != vocabulary_checksum(shards.directory):
        raise ValueError(f"{shards.directory} was made with another vocabulary than {directory}.")
    model.compile()
    options = PretrainingOptions(
        objective=model.sentence_objective,
        sequence_length=model.vocabulary("score_pretrained")[1],
        batch_size=_BATCH_SIZE,
    )
    batches = -(-limit // _BATCH_SIZE)
    scores = evaluate_pretrainer(model, pretraining_batches(shards, options), batches)
    return {**scores, "examples": batches * _BATCH_SIZE}
