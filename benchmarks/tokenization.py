"""Times every reader of one vocabulary on the same lines, in one run.

    python benchmarks/tokenization.py spiece.model text.txt [more.txt.xz ...] [--lines 20000]

The model must carry ALBERT's cleaning (`albert-tf vocab adopt`). The readers take turns, round
after round; the table shows medians: sentences and MB of UTF-8 per second, and how many times as
fast as plain SentencePiece each is, which is given the same raw lines. How to read it: rates are
this machine's; compare only the ratios.

Contestants: this package's Python reader (ids alone; with pieces and spans; two processes), its
reader inside the graph under tf.data, SentencePiece by itself, SentencePiece with the official
cleaning in Python around it (on one core, as it is written), and Hugging Face's tokenizers with
the same vocabulary and the same cleaning.
"""

from __future__ import annotations

import argparse
import lzma
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

PLAIN = "sentencepiece, lists"
Ids = list[list[int]]
_reader: Any = None


def open_reader(path: str) -> None:
    """Opens the vocabulary in a process of the pool."""
    global _reader
    from albert_tf.text.tokenizer import SentencePieceTokenizer

    _reader = SentencePieceTokenizer(path)


def encode_chunk(lines: list[str]) -> Ids:
    """The ids of some lines, in a process of the pool."""
    return _reader.encode_ids(lines)


def contestants(path: Path) -> dict[str, Callable[[list[str]], Ids]]:
    """What turns lines into ids, by name."""
    import sentencepiece
    import tensorflow as tf

    from albert_tf.graph_text import graph_tokenizer
    from albert_tf.text.tokenizer import SentencePieceTokenizer
    from tests.text.official import official_ids, official_text

    reader = SentencePieceTokenizer(path)
    plain = sentencepiece.SentencePieceProcessor(model_file=str(path))
    graph = graph_tokenizer(reader)
    pool = ProcessPoolExecutor(os.cpu_count(), initializer=open_reader, initargs=(str(path),))
    theirs = hugging_face(path)

    def in_graph(lines: list[str]) -> Ids:
        data = tf.data.Dataset.from_tensor_slices(lines).batch(1024)
        data = data.map(graph.tokenize, num_parallel_calls=tf.data.AUTOTUNE)
        return [ids for batch in data.prefetch(2) for ids in batch.to_list()]

    def processes(lines: list[str]) -> Ids:
        chunks = [lines[start : start + 1000] for start in range(0, len(lines), 1000)]
        return [ids for chunk in pool.map(encode_chunk, chunks) for ids in chunk]

    return {
        PLAIN: lambda lines: plain.encode(lines),
        "sentencepiece, one by one": lambda lines: [plain.encode(line) for line in lines],
        "albert_tf encode_ids": reader.encode_ids,
        "albert_tf encode_ids, processes": processes,
        "albert_tf encode (pieces, spans)": lambda lines: [
            reader.encode(line).token_ids for line in lines
        ],
        "albert_tf in the graph": in_graph,
        "official cleaning + sentencepiece": lambda lines: [
            official_ids(plain, official_text(line)) for line in lines
        ],
        "tokenizers (Hugging Face)": lambda lines: [
            encoding.ids for encoding in theirs.encode_batch_fast(lines)
        ],
    }


def hugging_face(path: Path) -> Any:
    """The same pieces, scores and cleaning in Hugging Face's Unigram model."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    pieces = [
        (model.id_to_piece(i), -1e6 if model.is_unused(i) else model.get_score(i))
        for i in range(model.get_piece_size())
    ]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=model.unk_id()))
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.serialized_model_proto())
    charsmap = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    one_space = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([charsmap, normalizers.Strip(), one_space])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def main() -> None:
    """Runs the race and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a spiece.model that carries the cleaning")
    parser.add_argument("text", type=Path, nargs="+", help="UTF-8 text, plain or .xz")
    parser.add_argument("--lines", type=int, default=20_000, help="of each file (default 20000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    arguments = parser.parse_args()
    lines: list[str] = []
    for path in arguments.text:
        opened = lzma.open if path.suffix == ".xz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            lines += [line.strip() for line in islice(file, arguments.lines) if line.strip()]
    size = sum(len(line.encode()) for line in lines) / 1e6
    race = contestants(arguments.model)
    expected = race[PLAIN](lines)
    same = {
        name: sum(a == b for a, b in zip(encode(lines), expected, strict=True))
        for name, encode in race.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in race}
    for _ in tqdm(range(arguments.rounds), unit="round"):
        for name, encode in race.items():
            began = time.perf_counter()
            encode(lines)
            seconds[name].append(time.perf_counter() - began)
    print(f"\n{len(lines):,} lines, {size:.1f} MB")
    print(f"{'':36} sentences/s    MB/s   ratio   same ids")
    for name, times in seconds.items():
        middle = statistics.median(times)
        ratio = statistics.median(
            plain / own for plain, own in zip(seconds[PLAIN], times, strict=True)
        )
        print(
            f"{name:36} {len(lines) / middle:11,.0f} {size / middle:7.2f} {ratio:7.2f} "
            f"{same[name] / len(lines):10.3%}"
        )


if __name__ == "__main__":
    main()
