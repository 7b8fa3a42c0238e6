"""An import brings weights, heads, vocabulary and origin along, whole or not at all."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from safetensors.numpy import load_file, save_file

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.checkpoints.huggingface import write_checkpoint
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.regressor import AlbertTextRegressor
from albert_tf.models.saved import load_model
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.race import ChoiceExample, MultipleChoiceTask
from albert_tf.tasks.task import TaskModel, read_task
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.text.wordpiece import WordPieceTokenizer
from albert_tf.training.evaluate import load
from albert_tf.training.import_checkpoint import import_checkpoint
from tests.cli.test_cli import write_checkpoint as write_tiny
from tests.conftest import TINY
from tests.models.checkpoints.official import random_tensors
from tests.models.checkpoints.test_google import without_heads
from tests.models.checkpoints.test_google import write_checkpoint as write_google
from tests.models.checkpoints.tiny import tiny_checkpoint
from tests.text.official import official_ids, official_text, train_officially


def test_the_folder_says_where_it_came_from(tmp_path: Path) -> None:
    write_tiny(tmp_path / "theirs")
    import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")
    record = json.loads((tmp_path / "ours" / "provenance.json").read_text())
    assert record["format"] == "huggingface"
    assert set(record["sha256"]) == {"config.json", "model.safetensors", "vocab.txt"}
    content = (tmp_path / "theirs" / "model.safetensors").read_bytes()
    words = (tmp_path / "theirs" / "vocab.txt").read_bytes()
    checksum = hashlib.sha256(words).hexdigest()
    assert record["vocabulary"] == {"name": "vocab.txt", "sha256": checksum}
    assert record["sha256"]["model.safetensors"] == hashlib.sha256(content).hexdigest()


def write_words(folder: Path) -> None:
    """A vocabulary as large as the table of TINY, of pieces that no text has."""
    pieces = [f"[unused{number}]" for number in range(TINY.vocab_size - 5)]
    lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]
    (folder / "vocab.txt").write_text("\n".join(lines))


@pytest.mark.slow
def test_a_fine_tuned_classifier_is_ready_to_be_used(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    write_tiny(theirs)
    classifier = AlbertTextClassifier(AlbertBackbone(TINY), num_classes=2)
    write_checkpoint(classifier, theirs, ("bad", "good"))
    write_words(theirs)
    import_checkpoint("huggingface", str(theirs), tmp_path / "ours")
    assert read_task(tmp_path / "ours") == ClassificationTask(
        labels=("bad", "good"), sequence_length=TINY.max_position_embeddings
    )
    model = load_model(tmp_path / "ours")
    np.testing.assert_array_equal(model.head.kernel, classifier.head.kernel)
    # Texts too: a word the vocabulary lacks is [UNK].
    ids = {
        "token_ids": [[2, 1, 3]], "segment_ids": [[0, 0, 0]], "padding_mask": [[1, 1, 1]],
    }  # fmt: skip
    arrays = {name: np.array(rows, np.int32) for name, rows in ids.items()}
    np.testing.assert_allclose(
        model.predict(["lamp"], verbose=0)["logits"], model.run(arrays)["logits"], atol=1e-5
    )


def test_a_model_of_options_is_ready_to_be_used(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    write_tiny(theirs)
    model = AlbertMultipleChoice(AlbertBackbone(TINY))
    write_checkpoint(model, theirs, ())
    write_words(theirs)
    import_checkpoint("huggingface", str(theirs), tmp_path / "ours")
    opened = load(tmp_path / "ours")
    assert opened.task == MultipleChoiceTask(sequence_length=64, max_qa_length=16)
    example = ChoiceExample("lamp", "Who?", ("a", "b c", "d"))
    alike = TaskModel(opened.task, opened.tokenizer, model.run).predict(example)
    assert opened.predict(example).probabilities == pytest.approx(alike.probabilities, abs=1e-5)


def test_what_an_official_head_of_one_row_is_for_must_be_said(tmp_path: Path) -> None:
    tensors = without_heads(random_tensors(TINY))
    kernel = np.random.default_rng(0).normal(size=(1, TINY.hidden_size)).astype(np.float32)
    head = {"output_weights": kernel, "output_bias": np.full(1, 0.5, np.float32)}
    write_google(tmp_path / "theirs", {**tensors, **head})
    write_words(tmp_path / "theirs")
    for name in (None, "classification"):
        with pytest.raises(ValueError, match=f"multiple_choice or regression; got {name!r}"):
            import_checkpoint("google", str(tmp_path / "theirs"), tmp_path / "ours", task_name=name)
    kinds = {"multiple_choice": AlbertMultipleChoice, "regression": AlbertTextRegressor}
    for name, kind in kinds.items():
        ours = tmp_path / name
        import_checkpoint("google", str(tmp_path / "theirs"), ours, task_name=name)
        assert read_task(ours).name == name
        model = load_model(ours)
        assert type(model) is kind
        np.testing.assert_array_equal(np.transpose(model.head.kernel), kernel)
        np.testing.assert_array_equal(model.head.bias, [0.5])
    write_google(tmp_path / "theirs", tensors)
    with pytest.raises(
        ValueError, match="task 'regression' is for a google checkpoint with a head"
    ):
        import_checkpoint(
            "google", str(tmp_path / "theirs"), tmp_path / "ours", task_name="regression"
        )


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_an_archive_is_read_like_its_folder(tmp_path: Path, suffix: str) -> None:
    write_tiny(tmp_path / "theirs")
    path = tmp_path / f"checkpoint{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "theirs").iterdir():
                archive.write(file, f"albert/{file.name}")
    else:
        with tarfile.open(path, "w:gz") as archive_tar:
            archive_tar.add(tmp_path / "theirs", "albert")
    import_checkpoint("huggingface", str(path), tmp_path / "ours")
    assert isinstance(load_model(tmp_path / "ours"), AlbertBackbone)


def test_nothing_is_left_of_an_import_that_fails(tmp_path: Path) -> None:
    write_tiny(tmp_path / "theirs")
    weights = tmp_path / "theirs" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:900])
    with pytest.raises(ValueError, match="is damaged"):
        import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


def test_nothing_is_left_of_an_import_that_breaks_while_it_writes(
    tmp_path: Path, full_disk: Callable[[type], list[str]]
) -> None:
    write_tiny(tmp_path / "theirs")
    seen = full_disk(WordPieceTokenizer)
    with pytest.raises(OSError, match="No space left"):
        import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")
    assert "model.weights.h5" in seen
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


@pytest.mark.parametrize(("pieces", "fits"), [(31, True), (25, True), (24, False), (6, False)])
def test_a_table_may_be_rounded_up_and_not_more(tmp_path: Path, pieces: int, fits: bool) -> None:
    tiny_checkpoint(tmp_path / "theirs", vocab_size=31 if pieces == 31 else 32)
    weights = tmp_path / "theirs" / "model.safetensors"
    if pieces != 31:
        tensors = load_file(weights)
        name = "embeddings.word_embeddings.weight"
        tensors[name] = np.concatenate([tensors[name], tensors[name][:1]])
        save_file(tensors, weights)
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(chr, range(97, 92 + pieces))]
    (tmp_path / "theirs" / "vocab.txt").write_text("\n".join(names))
    if fits:
        import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")
        return
    with pytest.raises(ValueError, match=f"it has {pieces} and belongs to another model"):
        import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")


def test_the_current_folder_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny(tmp_path / "theirs")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(FileExistsError, match="the current folder cannot be replaced"):
        import_checkpoint("huggingface", str(tmp_path / "theirs"), Path())
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    monkeypatch.chdir(tmp_path)
    import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "link")
    assert (tmp_path / "empty" / "config.json").exists()


def test_errors_name_what_the_user_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as packed:
        packed.writestr("config.json", "{}")
    with pytest.raises(FileNotFoundError, match=r"it.zip holds no vocabulary.*with --vocab"):
        import_checkpoint("huggingface", str(tmp_path / "it.zip"), tmp_path / "ours")


def test_a_slash_at_the_end_changes_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "albert").mkdir()
    monkeypatch.chdir(tmp_path)
    for source in ("albert", "albert/"):
        with pytest.raises(FileNotFoundError) as caught:
            import_checkpoint("google", source, tmp_path / "ours")
        assert "//" not in str(caught.value)
        assert str(caught.value).startswith("albert")


def test_a_vocabulary_may_lie_elsewhere(tmp_path: Path) -> None:
    write_tiny(tmp_path / "theirs")
    (tmp_path / "words").mkdir()
    (tmp_path / "theirs" / "vocab.txt").rename(tmp_path / "words" / "vocab.txt")
    with pytest.raises(FileNotFoundError, match="holds no vocabulary"):
        import_checkpoint("huggingface", str(tmp_path / "theirs"), tmp_path / "ours")
    import_checkpoint(
        "huggingface", str(tmp_path / "theirs"), tmp_path / "ours", vocabulary=tmp_path / "words"
    )
    assert (tmp_path / "ours" / "vocab.txt").exists()


@pytest.mark.parametrize("name", ["30k-clean.model", "assets/tokenizer/vocabulary.spm"])
@pytest.mark.parametrize("cased", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_vocabulary_that_expects_cleaned_text_learns_to_clean(
    tmp_path: Path, stories: list[list[str]], name: str, cased: bool
) -> None:
    content = train_officially([line for story in stories for line in story], cased)
    official = sentencepiece.SentencePieceProcessor(model_proto=content)
    config = replace(TINY, vocab_size=official.get_piece_size())
    theirs = tmp_path / "theirs"
    write_google(theirs, random_tensors(config), config)
    (theirs / name).parent.mkdir(parents=True, exist_ok=True)
    (theirs / name).write_bytes(content)
    if cased:
        options = (theirs / name).with_name("tokenizer_config.json")
        options.write_text(json.dumps({"do_lower_case": False}))
    import_checkpoint("google", str(theirs), tmp_path / "ours")
    tokenizer = load_tokenizer(tmp_path / "ours")
    text = "  At d\u00e1wn MINA  was in the ``garden''. "
    cleaned = official_text(text, cased)
    assert tokenizer.encode(text).token_ids == official_ids(official, cleaned)
    # The control: without the cleaning the ids are others.
    assert official.encode(text) != official_ids(official, cleaned)


def test_a_vocabulary_that_cleans_is_kept_as_it_is(tmp_path: Path, vocabulary: Path) -> None:
    config = replace(TINY, vocab_size=load_tokenizer(vocabulary).vocab_size)
    theirs = tmp_path / "theirs"
    write_google(theirs, random_tensors(config), config)
    shutil.copy(vocabulary / "spiece.model", theirs)
    import_checkpoint("google", str(theirs), tmp_path / "ours")
    kept = (tmp_path / "ours" / "spiece.model").read_bytes()
    assert kept == (vocabulary / "spiece.model").read_bytes()
