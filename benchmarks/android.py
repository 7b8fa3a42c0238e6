"""Times the app's Kotlin on a desktop JVM: its tokenizer, and an answer but for the interpreter.

    python benchmarks/android.py runs/vocab books.txt --out runs/android

The tokenizer reads the lines of the file, with the span of every token, in one thread. Then
albert_base with weights of 8 bits, which are random, labels texts of 128 tokens by the app's own
engine with two threads: what is not spent in the engine is spent in Kotlin.

How to read it: the first figure falls with whatever else the cores do; the share of the second
one does so less. A phone is slower in both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from on_device import random_classifier, run
from result_folder import claim

from albert_tf.text.tokenizer import load_tokenizer

TOKENS = 128  # of which [CLS], [SEP] and the number of the round are not of the text


def main() -> None:
    """Makes the model if it is not there, and prints both measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("vocabulary", type=Path, help="folder of a SentencePiece vocabulary")
    parser.add_argument("text", type=Path, help="text in UTF-8, of some megabytes")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    options = parser.parse_args()
    claim(options.out, None, options.vocabulary)
    exported = options.out / "int8"
    if not exported.exists():
        model = random_classifier(options.vocabulary, options.out / "model")
        run([sys.executable, "-m", "albert_tf", "export", model, "--accept-drop", "100",
             "--out", exported])  # fmt: skip
    with options.text.open(encoding="utf-8") as file:
        text = file.read(100 * TOKENS)
    cut = load_tokenizer(options.vocabulary).encode(text).spans[TOKENS - 4][1]
    jvm = [sys.executable, "-m", "tests.android.jvm"]
    speed = "org.alberttf.pipeline.text.TokenizerSpeedKt"
    sys.stdout.write(run([*jvm, "pipeline", speed, options.vocabulary, options.text]))
    overhead = "org.alberttf.desktop.OverheadKt"
    sys.stdout.write(run([*jvm, "desktop", overhead, exported, text[:cut]]))


if __name__ == "__main__":
    main()
