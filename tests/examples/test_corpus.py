"""A corpus becomes the same shards however it is made, and nothing is lost on the way."""

import json
import lzma
import multiprocessing
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from albert_tf.demo.world import tell_story
from albert_tf.examples import corpus, units
from albert_tf.examples.corpus import CorpusOptions, write_shards
from albert_tf.examples.sentences import SentenceSplitter
from albert_tf.examples.shards import TokenShards
from albert_tf.examples.units import Unit
from albert_tf.text.tokenizer import load_tokenizer
from albert_tf.text.vocabulary import train_vocabulary
from tests.examples import small_shards


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units and shards so small that a test has many."""
    for module in (units, corpus):
        monkeypatch.setattr(module, "UNIT_CHARACTERS", small_shards.UNIT_CHARACTERS)
    monkeypatch.setattr(corpus, "SHARD_CHARACTERS", small_shards.SHARD_CHARACTERS)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of 400 documents."""
    rng = np.random.default_rng(0)
    documents = ["\n".join(tell_story(rng).sentences) for _ in range(400)]
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n\n".join(documents))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def ids(folder: Path) -> list[int]:
    return [token for shard in TokenShards(folder).shards for token in shard.tokens.tolist()]


def stop_early(monkeypatch: pytest.MonkeyPatch, text: Path, vocabulary: Path, out: Path) -> None:
    """Stops after two shards and a unit, as Ctrl-C would."""
    encode, done = units.UnitEncoder.encode, []

    def stop(self: units.UnitEncoder, unit: Unit) -> units.EncodedUnit:
        done.append(unit)
        if len(done) > 7:
            raise KeyboardInterrupt
        return encode(self, unit)

    with monkeypatch.context() as patch:
        patch.setattr(units.UnitEncoder, "encode", stop)
        with pytest.raises(KeyboardInterrupt):
            write_shards([text], vocabulary, out, workers=1)


def command(text: Path, vocabulary: Path, folder: Path, workers: int) -> list[str]:
    values = map(str, (text, vocabulary, folder, workers))
    return [sys.executable, "-m", "tests.examples.small_shards", *values]


def kill_after(arguments: list[str], folder: Path, shards: int, pause: float) -> bool:
    """Kills a run after so many more shards; returns whether it was still at work."""
    wanted = len(list(folder.glob("*[0-9].json"))) + shards
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (folder / f"{wanted - 1:05}.json").exists():
            time.sleep(0.001)
        time.sleep(pause)
        process.kill()
        # Workers hold stderr open: its end says that the last of them has ended too.
        process.communicate(timeout=20)
    return not (folder / "examples.json").exists()


@pytest.mark.usefixtures("small")
def test_shards_are_the_same_for_any_number_of_workers(
    tmp_path: Path, text: Path, vocabulary: Path
) -> None:
    for workers in (1, 3):
        write_shards([text], vocabulary, tmp_path / f"{workers}", workers=workers)
    made = files(tmp_path / "1")
    assert made == files(tmp_path / "3")
    assert {"examples.json", "lengths.png", "spiece.model", "00009.tokens.npy"} <= made.keys()


@pytest.mark.usefixtures("small")
def test_shards_hold_every_sentence_in_order(tmp_path: Path, text: Path, vocabulary: Path) -> None:
    statistics = write_shards([text], vocabulary, tmp_path / "out", workers=1)
    lines = [line for line in text.read_text().split("\n") if line]
    expected = load_tokenizer(vocabulary).encode_ids(lines)
    assert ids(tmp_path / "out") == [token for tokens in expected for token in tokens]
    assert (statistics.documents, statistics.sentences) == (400, len(lines))
    assert statistics.tokens == sum(map(len, expected))
    manifest = json.loads((tmp_path / "out" / "examples.json").read_text())
    assert manifest["statistics"]["tokens_per_sentence_median"] == np.median(
        list(map(len, expected))
    )


def test_a_killed_run_goes_on_and_ends_in_the_same_files(
    tmp_path: Path, text: Path, vocabulary: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    subprocess.run(command(text, vocabulary, straight, 1), check=True)
    assert kill_after(command(text, vocabulary, stopped, 2), stopped, shards=2, pause=0)
    subprocess.run(command(text, vocabulary, stopped, 2), check=True)
    assert files(stopped) == files(straight)


@pytest.mark.slow
def test_a_run_killed_many_times_ends_in_the_same_files(
    tmp_path: Path, text: Path, vocabulary: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join([text.read_text()] * 12))
    subprocess.run(command(long, vocabulary, straight, 1), check=True)
    rng = np.random.default_rng(0)
    kills = 0
    for _ in range(12):
        shards, workers = int(rng.integers(1, 12)), int(rng.integers(1, 4))
        arguments = command(long, vocabulary, stopped, workers)
        kills += kill_after(arguments, stopped, shards, pause=rng.uniform(0, 0.004))
    assert kills == 12
    subprocess.run(command(long, vocabulary, stopped, 3), check=True)
    made = {name: content for name, content in files(stopped).items() if "partial" not in name}
    assert made == files(straight)


@pytest.mark.usefixtures("small")
def test_finished_shards_are_not_encoded_again(
    tmp_path: Path, text: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_early(monkeypatch, text, vocabulary, tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.tokens.npy"))) == 2
    encoded = []
    encode = units.UnitEncoder.encode
    monkeypatch.setattr(
        units.UnitEncoder, "encode", lambda self, unit: encoded.append(unit) or encode(self, unit)
    )
    statistics = write_shards([text], vocabulary, tmp_path / "out", workers=1)
    assert (statistics.documents, encoded[0].position) == (400, statistics.bytes)
    reader = corpus.DocumentReader([text])
    assert len(encoded) == len(list(units.make_units(reader))) - 6


@pytest.mark.usefixtures("small")
def test_a_changed_corpus_is_refused(
    tmp_path: Path, text: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "corpus.txt"
    changed.write_text(text.read_text())
    stop_early(monkeypatch, changed, vocabulary, tmp_path / "out")
    changed.write_text(text.read_text().replace("was", "saw", 1))
    with pytest.raises(ValueError, match=r"the corpus changed since .* text of shard 0"):
        write_shards([changed], vocabulary, tmp_path / "out", workers=1)
    changed.write_text(text.read_text() + " more")
    with pytest.raises(ValueError, match=r"begun with other files: .*corpus\.txt"):
        write_shards([changed], vocabulary, tmp_path / "out", workers=1)


@pytest.mark.usefixtures("small")
def test_another_vocabulary_on_resume_is_refused(
    tmp_path: Path, text: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_early(monkeypatch, text, vocabulary, tmp_path / "out")
    train_vocabulary(["one other text"] * 9, tmp_path / "other", vocab_size=50)
    with pytest.raises(ValueError, match="begun with other vocabulary"):
        write_shards([text], tmp_path / "other", tmp_path / "out", workers=1)


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_named_and_the_work_goes_on_later(
    tmp_path: Path, text: Path, vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards([text], vocabulary, tmp_path / "straight", workers=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    encode, done = units.UnitEncoder.encode, []

    def fill(self: units.UnitEncoder, unit: Unit) -> units.EncodedUnit:
        done.append(unit)
        if len(done) == 8:  # no file of the third shard can be whole
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        return encode(self, unit)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(units.UnitEncoder, "encode", fill)
            with pytest.raises(
                OSError, match=r"00002\.tokens\.npy cannot be written; the disk may"
            ):
                write_shards([text], vocabulary, tmp_path / "out", workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    write_shards([text], vocabulary, tmp_path / "out", workers=1)
    assert files(tmp_path / "out") == files(tmp_path / "straight")


def test_a_killed_worker_is_an_error_that_says_so(vocabulary: Path) -> None:
    def texts() -> Iterator[Unit]:
        for number in range(40):
            if number == 6:
                for worker in multiprocessing.active_children():
                    worker.kill()
            yield Unit(b"Mina was here.", 14, number)

    with pytest.raises(ChildProcessError, match="a worker ended before its work did"):
        list(units.encode_units(texts(), vocabulary, "split", "en", workers=2))


def test_a_corpus_without_documents_is_refused(tmp_path: Path, vocabulary: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n  \n")
    (tmp_path / "b.txt").touch()
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    with pytest.raises(ValueError, match="must hold a document; 2 files hold none"):
        write_shards(paths, vocabulary, tmp_path / "out", workers=1)


def test_short_and_empty_documents_are_counted(tmp_path: Path, vocabulary: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Mina was here.\n\n***\n\nHe slept. \xff She slept.\n")
    statistics = write_shards([tmp_path / "a.txt"], vocabulary, tmp_path / "out", workers=1)
    assert statistics.documents == 2
    assert statistics.empty_documents == 1
    assert statistics.documents_of_one_sentence == 1
    assert statistics.replaced == 1


def test_korean_and_english_become_what_their_sentences_are(tmp_path: Path) -> None:
    sentences = [
        "학교에 갑니다.",
        "날씨가 좋아요!",
        "The school is open.",
        "학교는 문을 열었습니다.",
    ]
    train_vocabulary(sentences * 9, tmp_path / "vocab", vocab_size=60)
    tokenizer = load_tokenizer(tmp_path / "vocab")
    for sentence_mode, text in (("split", " ".join(sentences)), ("lines", "\n".join(sentences))):
        (tmp_path / "a.jsonl").write_text(json.dumps({"body": text}))
        out = tmp_path / sentence_mode
        options = CorpusOptions(field="body", sentences=sentence_mode, language="ko")
        statistics = write_shards([tmp_path / "a.jsonl"], tmp_path / "vocab", out, options)
        assert (statistics.documents, statistics.sentences) == (1, 4)
        assert ids(out) == [token for s in sentences for token in tokenizer.encode_ids([s])[0]]


@pytest.mark.slow
def test_a_line_of_50_mb_needs_little_memory(tmp_path: Path, vocabulary: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("Mina was here. Ravi left the garden! " * 1_400_000)
    code = (
        "import re, sys; from pathlib import Path\n"
        "from albert_tf.examples.corpus import write_shards\n"
        "found = write_shards([Path(sys.argv[1])], sys.argv[2], sys.argv[3], workers=1)\n"
        # Not of getrusage, which also counts the process that started this one.
        "peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "print(found.cut_lines, found.cut_documents, found.documents, peak)"
    )
    arguments = [sys.executable, "-c", code, str(path), str(vocabulary), str(tmp_path / "out")]
    result = subprocess.run(arguments, capture_output=True, check=True)
    cut_lines, cut_documents, documents, kilobytes = map(int, result.stdout.split())
    assert (cut_lines, cut_documents, documents) == (1, 1, 13)
    assert kilobytes < 400_000  # of which 100,000 are libraries


def test_real_text_is_encoded_sentence_by_sentence(shared_data: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("books-en-00", "bills-ko", "wiki-en"):
        with lzma.open(shared_data / "text" / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
            texts += [line.strip() for line in islice(file, 300)] + [""]
    (tmp_path / "a.txt").write_text("\n".join(texts))
    vocabulary = shared_data / "vocabulary"
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab" / "spiece.model").write_bytes((vocabulary / "30k-clean.model").read_bytes())
    write_shards([tmp_path / "a.txt"], tmp_path / "vocab", tmp_path / "out", workers=1)
    splitter = SentenceSplitter()
    sentences = [sentence for line in texts for sentence in splitter.split(line)]
    expected = load_tokenizer(tmp_path / "vocab").encode_ids(sentences)
    assert ids(tmp_path / "out") == [token for tokens in expected for token in tokens]
