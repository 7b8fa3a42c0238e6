"""A corpus through Apache Beam becomes what it becomes locally, on any number of workers."""

import json
import lzma
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from albert_tf.examples import beam, corpus, units
from albert_tf.examples.beam import write_shards_with_beam
from albert_tf.examples.corpus import CorpusOptions, write_shards
from albert_tf.examples.shards import TokenShards
from albert_tf.text.vocabulary import adopt_vocabulary
from tests.examples import small_shards
from tests.examples.beam_corpus import GROUP_BYTES, ONE, documents, make_small, write_corpus
from tests.examples.chunk_contents import alternate_along_shards, contents

THREADS = (*ONE, "--direct_num_workers=2", "--direct_running_mode=multi_threading")
PROCESSES = (*ONE, "--direct_num_workers=2", "--direct_running_mode=multi_processing")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("small")
def test_documents_chunks_and_statistics_are_those_of_the_local_engine(
    tmp_path: Path, paths: list[Path], vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = write_shards(paths, vocabulary, tmp_path / "local", workers=1)
    made = write_shards_with_beam(paths, vocabulary, tmp_path / "beam", pipeline_options=ONE)
    assert made == local
    assert (made.documents, made.empty_documents, made.replaced) == (302, 2, 2)
    assert documents(tmp_path / "beam") == documents(tmp_path / "local")
    manifests = [
        json.loads((tmp_path / name / "examples.json").read_text()) for name in ("local", "beam")
    ]
    assert manifests[0].keys() == manifests[1].keys()
    assert manifests[0]["statistics"] == manifests[1]["statistics"]
    assert len(manifests[0]["shards"]) != len(manifests[1]["shards"])  # groups end shards
    opened = [TokenShards(tmp_path / name).shards for name in ("local", "beam")]
    assert contents(opened[0]) == contents(opened[1])
    alternate_along_shards(monkeypatch)  # the control
    assert contents(opened[0]) != contents(opened[1])


@pytest.mark.usefixtures("small")
def test_one_group_of_files_becomes_the_same_shards(
    tmp_path: Path, paths: list[Path], vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beam, "GROUP_BYTES", 10**9)
    write_shards(paths, vocabulary, tmp_path / "local", workers=1)
    write_shards_with_beam(paths, vocabulary, tmp_path / "beam", pipeline_options=THREADS)
    local, made = files(tmp_path / "local"), files(tmp_path / "beam")
    assert local.keys() == made.keys()
    different = {name for name in local if local[name] != made[name]}
    assert different == {"examples.json", "settings.json"}  # which name the engine


@pytest.mark.usefixtures("small")
def test_shards_are_the_same_for_any_workers_and_any_run(
    tmp_path: Path, paths: list[Path], vocabulary: Path
) -> None:
    made = []
    for number, flags in enumerate((ONE, ONE, THREADS, PROCESSES)):
        folder = tmp_path / str(number)
        write_shards_with_beam(paths, vocabulary, folder, pipeline_options=flags)
        made.append(files(folder))
    assert made[0] == made[1] == made[2] == made[3]
    assert len([name for name in made[0] if name.endswith(".tokens.npy")]) > 7
    assert not [name for name in made[0] if "scratch" in name or "partial" in name]


@pytest.mark.usefixtures("small")
def test_a_pipeline_that_failed_goes_on_and_ends_in_the_same_files(
    tmp_path: Path, paths: list[Path], vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards_with_beam(paths, vocabulary, tmp_path / "straight", pipeline_options=ONE)
    encode, done = units.UnitEncoder.encode, []

    def count(self: units.UnitEncoder, unit: units.Unit) -> units.EncodedUnit:
        done.append(unit)
        if len(done) == 8:
            raise MemoryError("no memory is left.")
        return encode(self, unit)

    monkeypatch.setattr(units.UnitEncoder, "encode", count)
    out = tmp_path / "out"
    with pytest.raises(ChildProcessError, match=r"pipeline failed: .*no memory is left.* Repeat"):
        write_shards_with_beam(paths, vocabulary, out, pipeline_options=ONE)
    finished = len(list(out.glob("*[0-9].json"))) - len(list(out.glob("scratch*[0-9].json")))
    assert finished >= 2
    write_shards_with_beam(paths, vocabulary, out, pipeline_options=ONE)
    assert files(out) == files(tmp_path / "straight")
    straight = len(TokenShards(out).shards)
    assert len({unit.text for unit in done[8:]}) < 3 * (straight - finished) + 1


@pytest.mark.usefixtures("small")
def test_a_killed_pipeline_goes_on_and_ends_in_the_same_files(
    tmp_path: Path, paths: list[Path], vocabulary: Path
) -> None:
    out, straight = tmp_path / "out", tmp_path / "straight"
    code = (
        "import sys; from albert_tf.examples import beam, corpus, units\n"
        f"units.UNIT_CHARACTERS = corpus.UNIT_CHARACTERS = {small_shards.UNIT_CHARACTERS}\n"
        f"corpus.SHARD_CHARACTERS = {small_shards.SHARD_CHARACTERS}\n"
        f"beam.GROUP_BYTES = {GROUP_BYTES}\n"
        "beam.write_shards_with_beam(sys.argv[3:], *sys.argv[1:3], pipeline_options=[])"
    )
    command = [sys.executable, "-c", code, *map(str, (vocabulary, out, *paths))]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (out / "00002.json").exists():
            time.sleep(0.001)
        process.kill()
        process.communicate(timeout=20)
    assert (out / "00002.json").exists()
    assert not (out / "examples.json").exists()
    write_shards_with_beam(paths, vocabulary, out, pipeline_options=ONE)
    write_shards_with_beam(paths, vocabulary, straight, pipeline_options=ONE)
    assert files(out) == files(straight)


@pytest.mark.usefixtures("small")
def test_a_changed_corpus_is_refused(
    tmp_path: Path, paths: list[Path], vocabulary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, out = tmp_path / "a.txt", tmp_path / "out"
    text.write_text(paths[0].read_text())
    with monkeypatch.context() as patch:
        patch.setattr(beam, "count_corpus", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE)
    text.write_text(paths[0].read_text().replace("was", "saw", 1))
    with pytest.raises(ValueError, match=r"the corpus changed since .* text of shard 0"):
        write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE)
    text.write_text("more")
    with pytest.raises(ValueError, match=r"begun with other files"):
        write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE)


def test_what_is_wrong_is_said_in_our_words(
    tmp_path: Path, paths: list[Path], vocabulary: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "b.txt").write_text(" \n")
    (tmp_path / "c.jsonl").write_text('{"body": "She slept."}\n')
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    for files_, words, out, flags, kind, message in (
        ("a.txt", vocabulary, "1", ONE, ValueError, r"a\.txt must be UTF-8 text; it holds NUL"),
        ("a.txt", vocabulary, "2", PROCESSES, ValueError, r"a\.txt must be UTF-8 text"),
        ("b.txt", vocabulary, "3", ONE, ValueError, "must hold a document; 1 files hold none"),
        ("c.jsonl", vocabulary, "4", ONE, ValueError, "c.jsonl line 1 has no field 'text'"),
        ("no*", vocabulary, "5", ONE, FileNotFoundError, r"no\* names no file"),
        ("b.txt", tmp_path / "no", "6", ONE, FileNotFoundError, "no holds no vocabulary"),
        ("b.txt", vocabulary, "full", ONE, FileExistsError, r"must be empty; it holds mine\.txt"),
        ("b.txt", vocabulary, "7", ["--runner=No"], ValueError, "Unexpected pipeline runner: No"),
    ):
        with pytest.raises(kind, match=message):
            write_shards_with_beam(
                [tmp_path / files_], words, tmp_path / out, pipeline_options=flags
            )
    write_shards_with_beam(paths[:1], vocabulary, tmp_path / "done", pipeline_options=ONE)
    with pytest.raises(FileExistsError, match="done holds finished examples"):
        write_shards_with_beam(paths[:1], vocabulary, tmp_path / "done", pipeline_options=ONE)


@pytest.mark.usefixtures("small")
def test_a_finished_folder_can_be_compared_with_its_corpus(
    tmp_path: Path, paths: list[Path], vocabulary: Path
) -> None:
    text, out = tmp_path / "a.txt", tmp_path / "out"
    text.write_text(paths[0].read_text())
    made = write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE)
    before = files(out)
    again = write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE, again=True)
    assert again == made
    assert files(out) == before
    text.write_text(paths[0].read_text().replace("was", "saw", 1))
    with pytest.raises(ValueError, match=r"the corpus changed since .* text of shard 0"):
        write_shards_with_beam([text], vocabulary, out, pipeline_options=ONE, again=True)


def test_every_flag_that_is_shown_is_one_of_beam() -> None:
    page = (Path(__file__).parents[2] / "docs" / "beam.md").read_text(encoding="utf-8")
    commands = [line for line in page.splitlines() if " --runner " in line and " -- " in line]
    flags = {flag.split("=")[0][2:] for line in commands for flag in line.split(" -- ")[1].split()}
    assert {"direct_num_workers", "flink_master", "spark_master_url", "region"} <= flags
    assert not flags - PipelineOptions([]).get_all_options().keys()


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.long
@pytest.mark.parametrize("flags", [ONE, PROCESSES])
def test_real_text_becomes_the_same_documents(
    shared_data: Path, tmp_path: Path, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beam, "GROUP_BYTES", 1_000_000)
    monkeypatch.setattr(corpus, "SHARD_CHARACTERS", 3_000_000)
    texts = []
    for name in ("books-en-00", "bills-ko", "wiki-en"):
        texts.append(tmp_path / f"{name}.txt")
        with lzma.open(shared_data / "text" / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
            texts[-1].write_text("".join(islice(file, 20_000)))
    model = shared_data / "vocabulary" / "30k-clean.model"
    adopt_vocabulary(model, tmp_path / "vocabulary", cased=False, keep_accents=False)
    options = CorpusOptions()
    local = write_shards(texts, tmp_path / "vocabulary", tmp_path / "local", options, workers=1)
    made = write_shards_with_beam(
        texts, tmp_path / "vocabulary", tmp_path / "beam", options, pipeline_options=flags
    )
    assert made == local
    assert documents(tmp_path / "beam") == documents(tmp_path / "local")
