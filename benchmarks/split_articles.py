"""Splits a file of questions in SQuAD's form by article, so that no passage is in both parts.

    python benchmarks/split_articles.py KorQuAD_v1.0_dev.json --out runs/korquad

KorQuAD's published training file was not at hand; this makes a training and a held-out part of
its development file, as `train.json` and `held-out.json`.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any


def questions(articles: list[dict[str, Any]]) -> int:
    """How many questions some articles have."""
    return sum(len(passage["qas"]) for article in articles for passage in article["paragraphs"])


def main() -> None:
    """Writes both parts and says how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="questions in the form of SQuAD")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the parts")
    parser.add_argument("--share", type=float, default=0.8, help="of the articles to train on")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the articles")
    options = parser.parse_args()
    source = json.loads(options.file.read_text(encoding="utf-8"))
    articles = source["data"]
    random.Random(options.seed).shuffle(articles)
    cut = round(options.share * len(articles))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", articles[:cut]), ("held-out", articles[cut:])):
        text = json.dumps({**source, "data": part}, ensure_ascii=False)
        (options.out / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}.json: {len(part)} articles, {questions(part)} questions")


if __name__ == "__main__":
    main()
