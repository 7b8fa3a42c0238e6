"""Folders of tiny models with random weights."""

from pathlib import Path

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import write_task
from albert_tf.text.tokenizer import Tokenizer

CLASSIFICATION = ClassificationTask(labels=("no", "yes", "perhaps"), sequence_length=31)
ANSWERING = QuestionAnsweringTask(sequence_length=47, doc_stride=16, max_query_length=16)


def tiny_config(tokenizer: Tokenizer, positions: int) -> AlbertConfig:
    return AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=12, hidden_size=24, num_hidden_layers=5,
        num_attention_heads=2, intermediate_size=37, max_position_embeddings=positions,
        initializer_range=0.3,
    )  # fmt: skip


def write_answerer(folder: Path, tokenizer: Tokenizer, task: QuestionAnsweringTask) -> None:
    """Writes a model of questions with random weights."""
    backbone = AlbertBackbone(tiny_config(tokenizer, task.sequence_length))
    AlbertQuestionAnswerer(backbone).save_to_preset(str(folder))
    tokenizer.save(folder)
    write_task(task, folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Folders `classifier` and `answerer` of models with random weights."""
    folder = tmp_path_factory.mktemp("models")
    backbone = AlbertBackbone(tiny_config(tokenizer, ANSWERING.sequence_length))
    AlbertTextClassifier(backbone, num_classes=3).save_to_preset(str(folder / "classifier"))
    tokenizer.save(folder / "classifier")
    write_task(CLASSIFICATION, folder / "classifier")
    write_answerer(folder / "answerer", tokenizer, ANSWERING)
    return folder
