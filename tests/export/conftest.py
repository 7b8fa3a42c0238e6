"""Folders of tiny models with random weights."""

import shutil
from pathlib import Path

import keras
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.export import bundle
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.models.task_model import AlbertTask
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task, write_task
from albert_tf.text.tokenizer import Tokenizer

CLASSIFICATION = ClassificationTask(labels=("no", "yes", "perhaps"), sequence_length=31)
REGRESSION = RegressionTask(sequence_length=31)
CHOICE = MultipleChoiceTask(sequence_length=31, max_qa_length=11, num_choices=3)
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
    write_model(folder, AlbertQuestionAnswerer(backbone), tokenizer, task)


def write_model(folder: Path, model: AlbertTask, tokenizer: Tokenizer, task: Task) -> None:
    """Writes a model with its vocabulary and its task."""
    model.save_to_preset(str(folder))
    tokenizer.save(folder)
    write_task(task, folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Folders of fine-tuned models, of a pretrained one and of a body, the same in every run.

    They are `classifier`, `regressor`, `chooser`, `answerer`, `pretrained` and `body`.
    """
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("models")
    backbone = AlbertBackbone(tiny_config(tokenizer, ANSWERING.sequence_length))
    for name, model, task in (
        ("classifier", AlbertTextClassifier(backbone, num_classes=3), CLASSIFICATION),
        ("regressor", AlbertTextRegressor(backbone), REGRESSION),
        ("chooser", AlbertMultipleChoice(backbone, num_choices=3), CHOICE),
    ):
        write_model(folder / name, model, tokenizer, task)
    write_answerer(folder / "answerer", tokenizer, ANSWERING)
    preprocessor = AlbertPreprocessor(tokenizer, 29)
    pretrainer = AlbertPretrainer(backbone, preprocessor=preprocessor)
    for name, kept in (("pretrained", pretrainer), ("body", backbone)):
        kept.save_to_preset(str(folder / name))
        tokenizer.save(folder / name)
    return folder


@pytest.fixture(scope="module")
def exported(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float export of the classifier."""
    target = tmp_path_factory.mktemp("exported") / "out"
    bundle.export(models / "classifier", target, "float32")
    return target


@pytest.fixture
def target(exported: Path, tmp_path: Path) -> Path:
    """A copy of it, `out`, which a test may replace."""
    return shutil.copytree(exported, tmp_path / "out")
