"""Models take raw text: packed as in Python, fitted, answered, saved with its vocabulary."""

import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import huggingface_hub
import keras
import numpy as np
import pytest

from albert_tf.examples.packing import pack, pad_batch, truncate
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.text.vocabulary_files import VOCABULARY_FILES
from tests.conftest import TINY


def test_pairs_are_packed_and_cut_as_in_python(tokenizer: Tokenizer) -> None:
    texts = ["the lamp " * count for count in (0, 1, 2, 3, 5, 8)]
    pairs = [(first, second) for first in texts for second in texts]
    for length in (5, 12, 13, 40):
        packed = []
        for pair in pairs:
            first, second = tokenizer.encode_ids(pair)
            room = truncate(len(first), len(second), length)
            packed.append(pack(first[: room[0]], second[: room[1]], tokenizer.special))
        longest = max(len(sequence.token_ids) for sequence in packed)
        expected = pad_batch(packed, min(length, -(-longest // 32) * 32))
        texts = tuple(map(list, zip(*pairs, strict=True)))
        found = AlbertPreprocessor(tokenizer, length)(texts, y=None)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


def classifier(tokenizer: Tokenizer) -> AlbertTextClassifier:
    backbone = AlbertBackbone(replace(TINY, vocab_size=tokenizer.vocab_size))
    return AlbertTextClassifier(backbone, 2, preprocessor=AlbertPreprocessor(tokenizer, 16))


@pytest.mark.slow
def test_a_classifier_learns_from_texts_and_keeps_its_vocabulary(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    model = classifier(tokenizer)
    model.compile(keras.optimizers.Adam(0.01))
    texts, labels = ["The lamp was here.", "Mina was here."] * 32, [0, 1] * 32
    model.fit(texts, labels, epochs=6, verbose=0)
    scores = model.predict(texts[:2], verbose=0)["logits"]
    assert scores.argmax(-1).tolist() == [0, 1]
    # The same model takes arrays: the ids of the Python reader give the same scores.
    ids = [pack(ids, None, tokenizer.special) for ids in tokenizer.encode_ids(texts[:2])]
    arrays = model.predict(pad_batch(ids), verbose=0)["logits"]
    np.testing.assert_allclose(arrays, scores, atol=1e-5)  # padded to another width

    model.save_to_preset(str(tmp_path))
    opened = AlbertTextClassifier.from_preset(str(tmp_path), compile=False)
    np.testing.assert_allclose(opened.predict(texts[:2], verbose=0)["logits"], scores, atol=1e-6)
    assert opened.preprocessor.sequence_length == 16
    # A new head on the saved body finds the vocabulary too.
    new = AlbertTextClassifier.from_preset(str(tmp_path), num_classes=3)
    assert new.predict((texts[:2], texts[2:4]), verbose=0)["logits"].shape == (2, 3)


def test_a_pretrained_folder_becomes_a_classifier_of_texts(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    backbone = AlbertBackbone(replace(TINY, vocab_size=tokenizer.vocab_size))
    AlbertPretrainer(backbone).save_to_preset(str(tmp_path))
    tokenizer.save(tmp_path)
    model = AlbertTextClassifier.from_preset(str(tmp_path), num_classes=2)
    before = model.predict(["a fine film"], verbose=0)["logits"]
    model.fit(["a fine film", "a dull one"], [1, 0], verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(5e-5)
    after = model.predict(["a fine film"], verbose=0)["logits"]
    assert 0 < np.abs(after - before).max() < 0.1


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning")
def test_a_vocabulary_is_kept_in_a_file_of_keras_and_needs_none_it_came_from(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    classifier(tokenizer).save_to_preset(str(tmp_path / "first"))
    model = AlbertTextClassifier.from_preset(str(tmp_path / "first"), compile=False)
    shutil.rmtree(tmp_path / "first")
    expected = model.predict(["Mina was here."], verbose=0)["logits"]
    model.save(tmp_path / "model.keras")
    model.save_to_preset(str(tmp_path / "second"))
    first = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    first.save(tmp_path / "again.keras")
    for opened in (
        first,
        keras.saving.load_model(tmp_path / "again.keras", compile=False),
        AlbertTextClassifier.from_preset(str(tmp_path / "second"), compile=False),
    ):
        found = opened.predict(["Mina was here."], verbose=0)["logits"]
        np.testing.assert_array_equal(found, expected)


def test_the_vocabulary_of_a_hub_is_fetched(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier(tokenizer).save_to_preset(str(tmp_path))

    def fetch(repo_id: str, filename: str) -> str:
        assert repo_id == "user/model"
        if not (tmp_path / filename).exists():
            raise huggingface_hub.errors.EntryNotFoundError(filename, Mock())
        return str(tmp_path / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    model = AlbertTextClassifier.from_preset("hf://user/model", compile=False)
    assert model.preprocessor.text_tokenizer.encode("Mina") == tokenizer.encode("Mina")
    for name in VOCABULARY_FILES:
        (tmp_path / name).unlink(missing_ok=True)
    model = AlbertTextClassifier.from_preset("hf://user/model", compile=False)
    with pytest.raises(ValueError, match="saved without a vocabulary"):
        model.predict(["Mina"], verbose=0)


def test_an_answerer_answers_strings(tokenizer: Tokenizer) -> None:
    backbone = AlbertBackbone(replace(TINY, vocab_size=tokenizer.vocab_size))
    model = AlbertQuestionAnswerer(backbone, AlbertPreprocessor(tokenizer, 32))
    context = "Mina was in the garden. " * 10
    answer = model.answer("Where was Mina?", context, max_query_length=10, doc_stride=8)
    assert answer.text == context[answer.start : answer.end] != ""
    with pytest.raises(ValueError, match="answer needs a model with a preprocessor"):
        AlbertQuestionAnswerer(backbone).answer("Where?", context)


def test_one_string_and_short_sequences_are_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x must be a list of texts, or a tuple of two; got 'the"):
        AlbertPreprocessor(tokenizer)("the lamp")
    with pytest.raises(ValueError, match="sequence_length must be at least 5; got 4"):
        AlbertPreprocessor(tokenizer, 4)
    with pytest.raises(FileNotFoundError, match="holds no vocabulary"):
        AlbertPreprocessor(tmp_path)


def test_without_its_vocabulary_a_model_says_so(tokenizer: Tokenizer, tmp_path: Path) -> None:
    classifier(tokenizer).save_to_preset(str(tmp_path))
    (tmp_path / "spiece.model").unlink()
    model = AlbertTextClassifier.from_preset(str(tmp_path), compile=False)
    with pytest.raises(ValueError, match="was saved without a vocabulary; give it token_ids"):
        model.predict(["the lamp"], verbose=0)
