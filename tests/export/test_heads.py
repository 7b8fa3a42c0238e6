"""A folder is exported for what it can answer, and answers that as Keras does."""

from pathlib import Path

import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.examples.packing import pad_batch
from albert_tf.export import bundle
from albert_tf.export.heads import ClassifierHead, EmbeddingHead, Head, MaskedLMHead, open_head
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.saved import load_backbone
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.tasks.mask_filling import MaskFillingTask
from albert_tf.tasks.task import write_task
from albert_tf.text.tokenizer import Tokenizer
from tests.export.conftest import ANSWERING, CLASSIFICATION

TEXTS = ["Mina found a lamp.", "so", "at dawn Ravi was in the garden", ""]


@pytest.mark.parametrize(
    ("folder", "name", "kind", "task"),
    [
        ("classifier", None, ClassifierHead, CLASSIFICATION),
        ("answerer", None, Head, ANSWERING),
        ("classifier", "embeddings", EmbeddingHead, EmbeddingTask(sequence_length=31)),
        ("pretrained", None, MaskedLMHead, MaskFillingTask(sequence_length=29)),
        ("pretrained", "masked_lm", MaskedLMHead, MaskFillingTask(sequence_length=29)),
        ("pretrained", "embeddings", EmbeddingHead, EmbeddingTask(sequence_length=29)),
        ("body", None, EmbeddingHead, EmbeddingTask(sequence_length=47)),  # all its positions
    ],
)
def test_a_folder_has_the_heads_that_it_holds(
    models: Path, folder: str, name: str | None, kind: type, task: object
) -> None:
    head, found = open_head(models / folder, name)
    assert (type(head), found) == (kind, task)


@pytest.mark.parametrize(
    ("folder", "name", "words"),
    [
        ("classifier", "masked_lm", "has no head for gaps; only a pretrained model has"),
        ("body", "masked_lm", "has no head for gaps"),
        ("pretrained", "pooled", "unknown head 'pooled'; choose one of embeddings, masked_lm"),
    ],
)
def test_a_head_that_is_not_there_is_refused(
    models: Path, folder: str, name: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        open_head(models / folder, name)


def test_a_fine_tuned_model_without_its_task_is_refused(models: Path, tmp_path: Path) -> None:
    for path in (models / "classifier").iterdir():
        if path.name != "albert_task.json":
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(ValueError, match=r"holds AlbertTextClassifier and no albert_task.json"):
        open_head(tmp_path)


def test_a_task_that_no_model_is_fine_tuned_for_is_refused(tmp_path: Path) -> None:
    write_task(EmbeddingTask(), tmp_path)
    with pytest.raises(ValueError, match=r"task_name must be one of classification, .*'embeddings"):
        open_head(tmp_path)


@pytest.mark.slow
def test_exported_vectors_are_those_of_keras(models: Path, tmp_path: Path) -> None:
    bundle.export(models / "pretrained", tmp_path / "out", "float32", head="embeddings")
    model, backbone = runtime.load(tmp_path / "out"), load_backbone(models / "pretrained")
    mean, pooled = model.embed(TEXTS), model.embed(TEXTS, pooling="pooled")
    for text, ours, first in zip(TEXTS, mean, pooled, strict=True):
        (window,) = model.task.windows(TextExample(text), model.tokenizer)
        outputs = backbone(pad_batch([window.packed], length=19))
        tokens = len(window.packed.token_ids)
        expected = np.asarray(outputs["sequence_output"])[0, :tokens].mean(axis=0)
        # float32 sums in another order.
        np.testing.assert_allclose(ours, expected, atol=1e-5)
        np.testing.assert_allclose(first, np.asarray(outputs["pooled_output"])[0], atol=1e-5)


@pytest.mark.slow
def test_exported_guesses_are_those_of_keras(
    models: Path, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    bundle.export(models / "pretrained", tmp_path / "out", "float32")
    model = runtime.load(tmp_path / "out")
    keras_model = AlbertPretrainer.from_preset(str(models / "pretrained"), compile=False)
    for text in ("the [MASK] was here", "[MASK] at [MASK]"):
        for ours, theirs in zip(model.fill_mask(text), keras_model.fill_masks(text), strict=True):
            assert [guess.piece for guess in ours] == [guess.piece for guess in theirs]
            probabilities = [guess.probability for guess in theirs]
            assert [guess.probability for guess in ours] == pytest.approx(probabilities, abs=1e-5)
