"""Size, memory, load time and latency of a classifier on this machine, beside its peers.

    python benchmarks/on_device.py --vocab runs/vocab
    python benchmarks/on_device.py --model runs/classifier --data test.tsv --limit 1000

The first measures albert_base with random weights and a vocabulary of 30,000 pieces; the second a
fine-tuned model, whose accuracy on the first rows of a file is then a column too. All files hold
the same weights. Every measurement is a process of its own with two threads, which loads one
file, answers once, and then answers at each length, batch 1, without padding; contestants take
turns, and the table shows the medians of the rounds.

How to read it: milliseconds are this machine's; compare only the ratios, to the int8 file of
albert_tf. `load` ends where a question may be asked, `first` where it is answered; `peak` is memory
above that of a process that has imported the library and made an input. A fixed length answers 24
tokens with 104 of padding. `packed once` is the same file in LiteRT's CompiledModel; else files of
LiteRT run in its Interpreter, as in our runtime. `off` is the largest difference of a probability
from that of PyTorch. The peers of Hugging Face run in an environment that this script makes beside
it (about 4 GB, once).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from on_device_table import agreement, medians, show
from peers import peers_python
from result_folder import claim
from tqdm import tqdm

from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.task import read_task
from albert_tf.text.tokenizer import load_tokenizer

CHILD = Path(__file__).with_name("on_device_contestants.py")
REQUIREMENTS = [
    "torch==2.13.0", "transformers==4.57.1", "onnx==1.23.2", "onnxscript==0.7.2",
    "onnxruntime==1.32.0",
]  # fmt: skip
OWN = "albert_tf int8"
REFERENCE = "PyTorch eager"
FIXED = 128
LENGTHS = (128, 24, 384)  # the first is that of loading and memory

# Contestants of ours: options of `albert-tf export`.
EXPORTS = {
    OWN: ("--recipe", "dynamic_wi8_afp32"),
    "albert_tf int4": ("--recipe", "dynamic_wi4b32_afp32"),
    "albert_tf float": ("--recipe", "float32"),
    "albert_tf float, unrolled": ("--recipe", "float32", "--encoder", "unrolled"),
    "albert_tf float, T=128": ("--recipe", "float32", "--sequence-length", str(FIXED)),
    "albert_tf int8, unrolled": ("--recipe", "dynamic_wi8_afp32", "--encoder", "unrolled"),
}
# These also run by the API that packs a weight once, for as many products as it may be in.
PACKED_ONCE = (OWN, "albert_tf float", "albert_tf float, unrolled", "albert_tf int8, unrolled")


@dataclass(frozen=True)
class Contestant:
    """A file, and what runs it."""

    engine: str  # of on_device_contestants.py
    path: Path
    foreign: bool = False  # whether it runs in the peers' environment

    @property
    def megabytes(self) -> float:
        """Of the file, or of the weights in a folder."""
        found = [self.path] if self.path.is_file() else self.path.glob("*.safetensors")
        return sum(path.stat().st_size for path in found) / 1e6

    def __call__(self, questions: Path, lengths: list[int]) -> dict[str, Any]:
        """One measurement, in a process of its own."""
        return json.loads(
            child(self.foreign, self.engine, self.path, questions, *lengths).splitlines()[-1]
        )


def child(foreign: bool, *arguments: object) -> str:
    """What the other script prints."""
    python = peers_python("device", REQUIREMENTS) if foreign else sys.executable
    return run([python, CHILD, *map(str, arguments)])


def run(command: list[Any]) -> str:
    """What a command prints; it is shown with its errors where it fails."""
    # NumPy's own threads, which nothing here needs, would take a core for the first 20 ms.
    alone = {"OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "HF_HUB_OFFLINE": "1"}
    found = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **alone}
    )
    if found.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{found.stderr}")
    return found.stdout


def random_classifier(vocabulary: Path, folder: Path) -> Path:
    """albert_base with two classes, as fine-tuning would save it."""
    import keras

    from albert_tf import AlbertBackbone, AlbertConfig, AlbertTextClassifier
    from albert_tf.tasks.task import write_task

    keras.utils.set_random_seed(0)
    model = AlbertTextClassifier(AlbertBackbone(AlbertConfig.named("albert_base")), num_classes=2)
    model.save_to_preset(str(folder))
    load_tokenizer(vocabulary).save(folder)
    write_task(ClassificationTask(labels=("no", "yes"), sequence_length=512), folder)
    return folder


def files(model: Path, out: Path) -> dict[str, Contestant]:
    """Every contestant; files that are there are not made again."""
    tool = [sys.executable, "-m", "albert_tf", "export", model]
    for kind in ("huggingface", "kerashub"):
        if not (out / kind).exists():
            run([*tool, "--format", kind, "--out", out / kind])
    made = {
        "onnx": (True, out / "huggingface", out / "model.onnx"),
        "int8_onnx": (True, out / "model.onnx", out / "model-int8.onnx"),
        "keras_hub": (False, out / "kerashub", out / "keras_hub.tflite"),
    }
    for maker, (foreign, source, target) in tqdm(made.items(), desc="peers", unit="file"):
        if not target.exists():
            child(foreign, "make", maker, source, target)
    found = {}
    for name, options in tqdm(EXPORTS.items(), desc="exports", unit="file"):
        target = out / name.replace(" ", "-").replace(",", "")
        if not target.exists():
            run([*tool, *options, "--accept-drop", "100", "--out", target])
        found[name] = Contestant("litert", target / "model.tflite")
    for name in PACKED_ONCE:
        found[f"{name}, packed once"] = replace(found[name], engine="compiled")
    return {
        **found,
        "KerasHub LiteRT": Contestant("litert", made["keras_hub"][2]),
        "ONNX Runtime float": Contestant("onnx", made["onnx"][2], foreign=True),
        "ONNX Runtime int8": Contestant("onnx", made["int8_onnx"][2], foreign=True),
        REFERENCE: Contestant("torch", out / "huggingface", foreign=True),
    }


def ask(model: Path, data: Path | None, limit: int, target: Path) -> list[str]:
    """Writes the ids of rows, cut to `FIXED`, for the contestants; returns the true labels."""
    task, tokenizer = read_task(model), load_tokenizer(model)
    examples = task.read(data, limit) if data else []
    task = replace(task, sequence_length=min(task.sequence_length, FIXED))
    packed = [window.packed for example in examples for window in task.windows(example, tokenizer)]
    np.savez(
        target,
        lengths=np.array([len(row.token_ids) for row in packed], np.int32),
        **{
            name: np.concatenate([np.asarray(getattr(row, name), np.int32) for row in packed])
            if packed else np.zeros(0, np.int32)
            for name in ("token_ids", "segment_ids")
        },
    )  # fmt: skip
    return [example.label for example in examples]


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--vocab", type=Path, help="folder of 30,000 pieces, for random weights")
    source.add_argument("--model", type=Path, help="folder of a fine-tuned classifier")
    parser.add_argument("--data", type=Path, help="labelled file, for the accuracy")
    parser.add_argument("--limit", type=int, default=1000, help="of its rows (default 1000)")
    parser.add_argument("--out", type=Path, default=Path("runs/on_device"), help="for the files")
    parser.add_argument("--rounds", type=int, default=3, help="of every contestant (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="receives every measurement")
    return parser.parse_args()


def main() -> None:
    """Makes the files, lets the contestants take turns, and prints the table."""
    asked = options()
    claim(asked.out, asked.model, asked.vocab)
    model = asked.model
    if model is None:
        model = asked.out / "random"
        if not (model / "albert_task.json").exists():
            random_classifier(asked.vocab, model)
    backbone = json.loads((model / "config.json").read_text())["config"]
    positions = backbone["config"]["max_position_embeddings"]
    lengths = [length for length in LENGTHS if length <= positions]
    questions = asked.out / "questions.npz"
    labels = ask(model, asked.data, asked.limit, questions)
    contestants = files(model, asked.out)
    nothing = asked.out / "no_questions.npz"
    ask(model, None, 0, nothing)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    for turn in tqdm(range(asked.rounds), desc="rounds"):
        for name, contestant in tqdm(contestants.items(), unit="contestant", leave=False):
            fixed = [FIXED, *(length for length in lengths[1:] if length < FIXED)]
            wanted = fixed if f"T={FIXED}" in name else lengths
            found[name].append(contestant(nothing if turn else questions, wanted))
    for rounds in found.values():
        for measured in rounds:
            absent = {str(length): float("nan") for length in lengths}
            measured["latency_ms"] = absent | measured["latency_ms"]
    reference, names = found[REFERENCE][0]["answers"], read_task(model).labels
    rows = [
        {
            "name": name,
            "mb": contestants[name].megabytes,
            **medians(rounds, found[OWN], lengths, FIXED),
            **agreement(rounds[0]["answers"], reference, labels, names),
        }
        for name, rounds in found.items()
    ]
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "rounds": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
