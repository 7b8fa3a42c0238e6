"""Times what makes pretraining data of a corpus, side by side, in one run.

    python benchmarks/examples.py spiece.model text.txt [more.txt.xz ...] [--rounds 3]

The text has a paragraph per line and a blank line between documents; it is decompressed, and its
sentences listed, before anything is timed. The contestants take turns, round after round, each in
a process of its own:

- SentencePiece by itself, with all its threads: a list of the sentences becomes ids, in portions
  whose ids are then dropped, and nothing else is done. This is the measure: ratio 1.
- `write_shards` with all cores, end to end: reading, splitting into sentences, ids, statistics,
  files; the start of its processes included.
- The official algorithm on a sample (`official_examples.py`), in one process as it is written:
  its tokenization alone, and all of it, 40 masked copies included. `write_shards` does not mask;
  training does, on the fly (see train_step.py for what that costs a step).

The table shows medians: MB of UTF-8 per second and per second of a core, the ratios of both to
SentencePiece within a round, how many times the work of the whole official algorithm a second of a
core does, and the highest memory of the process and its children together. How to read it: rates
are this machine's; compare only the ratios, and only of a quiet machine: other work slows several
processes more than one, and two busy hyperthreads each other. The official memory is that of the
sample, and grows with the text.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

PLAIN = "sentencepiece, all threads"
OURS = "albert_tf write_shards, all cores"
READ = "official, tokenization alone"
OFFICIAL = "official, 40 copies"
CORES = os.cpu_count() or 1
PORTION = 50_000  # sentences
# Seconds, seconds of all cores together, and the most MB the processes held at once.
Measured = tuple[float, float, float]


def prepare(texts: list[Path], folder: Path, sample: float) -> dict[str, float]:
    """Writes what the contestants read; returns how many MB each of them reads."""
    from albert_tf.examples.documents import DocumentReader
    from albert_tf.examples.sentences import SentenceSplitter

    with (folder / "text.txt").open("wb") as file:
        for path in texts:
            opened = lzma.open if path.suffix == ".xz" else open
            with opened(path, "rb") as source:
                shutil.copyfileobj(source, file)
            file.write(b"\n\n")
    splitter = SentenceSplitter()
    with (folder / "sentences.txt").open("w") as file, (folder / "sample.txt").open("w") as part:
        for document in DocumentReader([folder / "text.txt"]):
            lines = [line for paragraph in document for line in splitter.split(paragraph)]
            file.writelines(f"{line}\n" for line in lines)
            # Some documents are whole books: the sample takes what fits of them.
            while lines and part.tell() < sample * 1e6:
                part.write("\n".join(lines[:500]) + "\n\n")
                del lines[:500]
    whole, small = ((folder / name).stat().st_size / 1e6 for name in ("text.txt", "sample.txt"))
    return {PLAIN: whole, OURS: whole, READ: small, OFFICIAL: small}


def contend(name: str, model: Path, folder: Path) -> tuple[float, float]:
    """Does the work of one contestant; returns its seconds, and those of all cores together."""
    import sentencepiece

    if name == OURS:
        from albert_tf.examples.corpus import write_shards

        with tempfile.TemporaryDirectory(dir=folder) as out:
            began = clocks()
            write_shards([folder / "text.txt"], model.parent, Path(out) / "shards")
            return since(began)
    plain = sentencepiece.SentencePieceProcessor(model_file=str(model))
    if name == PLAIN:
        sentences = (folder / "sentences.txt").read_text().split("\n")
        began = clocks()
        for start in range(0, len(sentences), PORTION):
            plain.encode(sentences[start : start + PORTION])
        return since(began)
    import official_examples

    began = clocks()
    documents = official_examples.read_documents(folder / "sample.txt", plain)
    if name == OFFICIAL:
        words = [plain.id_to_piece(index) for index in range(plain.get_piece_size())]
        official_examples.count_instances(documents, words)
    return since(began)


def clocks() -> tuple[float, float]:
    """The time, and what this process and its ended children have computed."""
    return time.perf_counter(), sum(os.times()[:4])


def since(began: tuple[float, float]) -> tuple[float, float]:
    """How far both clocks went."""
    now = clocks()
    return now[0] - began[0], now[1] - began[1]


def watch(name: str, model: Path, folder: Path) -> Measured:
    """Runs a contestant and watches its memory."""
    command = [sys.executable, __file__, str(model), str(folder), "--contestant", name]
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(held, family(process.pid))))
            time.sleep(0.05)
        stdout: IO[str] | Any = process.stdout
        return (*json.loads(stdout.read()), peak / 1e6)


def family(number: int) -> list[int]:
    """A process and its descendants."""
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except OSError:
        return []
    return [number, *(one for child in children for one in family(int(child)))]


def held(number: int) -> int:
    """Bytes of a process, its share of what it has in common with others included."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def print_results(rounds: list[dict[str, Measured]], sizes: dict[str, float]) -> None:
    """Prints the table."""
    rates = [{name: sizes[name] / one[name][0] for name in one} for one in rounds]
    works = [{name: sizes[name] / one[name][1] for name in one} for one in rounds]
    print(
        f"\n{sizes[PLAIN]:.1f} MB of text, of it {sizes[OFFICIAL]:.1f} MB for official; "
        f"{CORES} cores"
    )
    print(f"{'':34}   MB/s   ratio   MB/CPU s   ratio   / official   peak MB")
    for name in sizes:
        columns = [
            [one[name] for one in rates],
            [one[name] / one[PLAIN] for one in rates],
            [one[name] for one in works],
            [one[name] / one[PLAIN] for one in works],
            [one[name] / one[OFFICIAL] for one in works],
        ]
        rate, ratio, work, share, faster = map(statistics.median, columns)
        peak = max(one[name][2] for one in rounds)
        print(
            f"{name:34} {rate:6.3f} {ratio:7.3f} {work:10.3f} {share:7.3f} {faster:12,.0f} "
            f"{peak:9,.0f}"
        )


def main() -> None:
    """Runs the race and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a spiece.model that carries the cleaning")
    parser.add_argument("text", type=Path, nargs="+", help="UTF-8 text, plain or .xz")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default 3)")
    parser.add_argument("--sample", type=float, default=1.0, help="MB for official (default 1)")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        print(json.dumps(contend(arguments.contestant, arguments.model, arguments.text[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        sizes = prepare(arguments.text, Path(folder), arguments.sample)
        rounds = [
            {name: watch(name, arguments.model, Path(folder)) for name in sizes}
            for _ in tqdm(range(arguments.rounds), unit="round")
        ]
    print_results(rounds, sizes)


if __name__ == "__main__":
    main()
