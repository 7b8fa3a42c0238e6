"""Steps of a pipeline pass on names, keep text as it is, and may be run again."""

import pickle
from pathlib import Path

import pytest

from albert_tf.examples.beam_files import BeamFolder
from albert_tf.examples.beam_steps import CutShards, EncodeShards, NumberShards, ShardText
from albert_tf.examples.corpus import CorpusOptions, corpus_settings
from albert_tf.examples.documents import DocumentReader
from albert_tf.examples.units import Unit, UnitEncoder, make_units
from albert_tf.text.tokenizer import load_tokenizer
from tests.examples.beam_corpus import make_small, write_corpus


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    make_small(monkeypatch)
    (tmp_path / "corpus").mkdir()
    return write_corpus(tmp_path / "corpus")


def cut(paths: list[Path], folder: Path) -> tuple[list[ShardText], dict[str, object]]:
    settings = corpus_settings([], "", CorpusOptions())
    step = CutShards(BeamFolder(str(folder)), settings)
    return list(step.process((0, list(map(str, paths))))), settings


def test_only_names_travel(tmp_path: Path, paths: list[Path]) -> None:
    texts, _ = cut(paths, tmp_path / "out")
    assert len(texts) > 5
    assert max(len(pickle.dumps(text)) for text in texts) < 500  # bytes
    assert all((tmp_path / "out" / text.name).exists() for text in texts)


def test_text_is_encoded_as_it_was_read(
    tmp_path: Path, paths: list[Path], vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, settings = cut(paths, tmp_path / "out")
    load_tokenizer(vocabulary).save(tmp_path / "out")
    seen: list[Unit] = []
    encode = UnitEncoder.encode
    monkeypatch.setattr(
        UnitEncoder, "encode", lambda self, unit: seen.append(unit) or encode(self, unit)
    )
    step = EncodeShards(BeamFolder(str(tmp_path / "out")), settings)
    step.setup()
    for pair in NumberShards(step.folder).process((None, reversed(texts))):
        step.process(pair)
    expected = [unit.text for unit in make_units(DocumentReader(paths))]
    assert [unit.text for unit in seen] == expected
    assert any(b"\0" in text for text in expected)


def test_encoding_again_changes_nothing(
    tmp_path: Path, paths: list[Path], vocabulary: Path
) -> None:
    texts, settings = cut(paths, tmp_path / "out")
    load_tokenizer(vocabulary).save(tmp_path / "out")
    step = EncodeShards(BeamFolder(str(tmp_path / "out")), settings)
    step.setup()
    step.process((5, texts[0]))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert tmp_path / "out" / texts[0].name not in before
    step.process((5, texts[0]))
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
