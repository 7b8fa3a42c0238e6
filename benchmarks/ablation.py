"""Compares sentence objectives, ways of sharing and embedding sizes on one budget.

    albert-tf vocab train --input 'books/*.txt' --size 8000 --out runs/vocab
    albert-tf examples --corpus 'books/*.txt' --vocab runs/vocab --out runs/books
    albert-tf examples --corpus 'held-out/*.txt' --vocab runs/vocab --out runs/held-out
    python benchmarks/ablation.py runs/books runs/held-out --out runs/ablation --jobs 2

Every case differs from the first in one setting and sees as many batches. What is compared is
measured on held-out documents: the loss and accuracy of masked language modeling, and how well a
linear reader of the frozen [CLS] tells swapped halves from ordered ones and next sentences from
foreign ones (which is fair to models that were never asked). Runs that were stopped continue, and
finished ones are not repeated.

How to read it: models are small and training is short, so a difference of less than about two
standard errors (`--seeds` gives them) says nothing, and one that is larger says it of this scale.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from numpy.typing import NDArray
from result_folder import claim
from tqdm import tqdm

from albert_tf.config import AlbertConfig
from albert_tf.examples.pretraining import PretrainingBatches, PretrainingShape
from albert_tf.examples.shards import TokenShards
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.training.input_pipeline import stream
from albert_tf.training.pretrain import PretrainingOptions, pretrain, pretraining_batches

SHARING = ("all", "attention", "ffn", "none")
SIZES = (64, 128, 256)
OBJECTIVES = ("sop", "nsp", "none")
PROBED = (4096, 2048)  # examples the linear reader learns from, and is scored on


@dataclass(frozen=True)
class Case:
    """What one run of the ablation is told."""

    objective: str = "sop"
    sharing: str = "all"
    embedding_size: int = 128

    @property
    def name(self) -> str:
        """As a folder and a row of the table."""
        return f"{self.objective}-share-{self.sharing}-E{self.embedding_size}"


def cases() -> list[Case]:
    """The baseline and everything that differs from it in one setting."""
    base = Case()
    varied = [
        *(replace(base, objective=objective) for objective in OBJECTIVES),
        *(replace(base, sharing=sharing) for sharing in SHARING),
        *(replace(base, embedding_size=size) for size in SIZES),
    ]
    return list(dict.fromkeys(varied))


def config(case: Case, vocab_size: int) -> AlbertConfig:
    """Four layers of 128: large enough to differ, small enough for a processor.

    Layers that narrow stay on a plateau for long from weights of 0.02, made for wide ones.
    """
    return AlbertConfig(
        vocab_size=vocab_size, embedding_size=case.embedding_size, hidden_size=128,
        num_hidden_layers=4, num_attention_heads=4, intermediate_size=512,
        max_position_embeddings=128, parameter_sharing=case.sharing,
        initializer_range=0.08,
    )  # fmt: skip


def measure(case: Case, seed: int, budget: argparse.Namespace) -> Any:
    """Trains one case, if it is not trained, and scores it, if it has no scores."""
    folder = budget.out / f"{case.name}-seed{seed}"
    options = PretrainingOptions(
        objective=case.objective, sequence_length=budget.sequence_length, seed=seed,
        batch_size=budget.batch_size, steps=budget.steps, steps_per_save=budget.steps // 20,
        optimizer="adamw", learning_rate=1e-3, warmup_steps=budget.steps // 10, xla=True,
    )  # fmt: skip
    scores = folder / "scores.json"
    if scores.exists():
        return json.loads(scores.read_text())
    train, held_out = TokenShards(budget.train), TokenShards(budget.held_out)
    shape = config(case, train.tokenizer.vocab_size)
    if not (folder / "model.weights.h5").exists():
        pretrain(train, shape, options, folder, progress=budget.jobs == 1)
    model = AlbertPretrainer.from_preset(str(folder), compile=False)
    model.compile()
    watched = stream(pretraining_batches(held_out, options), 0, 4096 // options.batch_size)
    result = model.evaluate(watched, return_dict=True, verbose=0)
    values = {
        "case": asdict(case),
        "seed": seed,
        "parameters": int(model.backbone.count_params()),
        "mlm_loss": float(result.get("mlm_loss", result["loss"])),
        "mlm_accuracy": 100 * float(result.get("mlm_accuracy", result.get("accuracy", 0))),
        **{
            f"{objective}_probe": probe(model, train, held_out, objective, options.sequence_length)
            for objective in ("sop", "nsp")
        },
    }
    scores.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return values


def probe(
    model: AlbertPretrainer, train: TokenShards, held_out: TokenShards, objective: str, length: int
) -> float:
    """Accuracy of a linear reader of the frozen [CLS], in percent."""
    learned, asked = (
        features(model, shards, objective, length, count)
        for shards, count in ((train, PROBED[0]), (held_out, PROBED[1]))
    )
    mean, spread = learned[0].mean(0), learned[0].std(0) + 1e-6
    known, unknown = ((states - mean) / spread for states, _ in (learned, asked))
    ridge = known.T @ known + 10.0 * np.eye(known.shape[1])
    weights = np.linalg.solve(ridge, known.T @ (2.0 * learned[1] - 1))
    return 100 * float(np.mean((unknown @ weights > 0) == asked[1]))


def features(
    model: AlbertPretrainer, shards: TokenShards, objective: str, length: int, count: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """[CLS] of unmasked pairs, and their labels."""
    shape = PretrainingShape.of(shards.tokenizer, length)
    batches = PretrainingBatches(shards, shape, objective=objective, batch_size=128, seed=99)
    states, labels = [], []
    for step in range(count // 128):
        batch = batches(step)
        labels.append(batch[f"{objective}_label"])
        for row, places, ids, real in zip(
            batch["token_ids"], batch["mask_positions"], batch["mask_ids"], batch["mask_weights"],
            strict=True,
        ):  # fmt: skip
            row[places[real > 0]] = ids[real > 0]
        inputs = {name: batch[name] for name in ("token_ids", "segment_ids", "padding_mask")}
        states.append(np.asarray(model.backbone(inputs)["sequence_output"][:, 0], np.float64))
    return np.concatenate(states), np.concatenate(labels)


def report(rows: list[dict[str, Any]], out: Path) -> None:
    """Prints the table in Markdown; writes `ablation.json` and `ablation.png`."""
    (out / "ablation.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    columns = ("mlm_loss", "mlm_accuracy", "sop_probe", "nsp_probe")
    print("| objective | shared | E | parameters | MLM loss | MLM % | SOP % | NSP % |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for case in cases():
        found = [row for row in rows if row["case"] == asdict(case)]
        shown = []
        for column in columns:
            values = [row[column] for row in found]
            spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
            shown.append(f"{np.mean(values):.2f}{spread}")
        head = [case.objective, case.sharing, str(case.embedding_size)]
        print(f"| {' | '.join([*head, format(found[0]['parameters'], ','), *shown])} |")
    plot(rows, out / "ablation.png")


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draws the three comparisons, a panel each for what is guessed and what is ordered."""
    groups = {
        "objective": [Case(objective=objective) for objective in OBJECTIVES],
        "sharing": [Case(sharing=sharing) for sharing in SHARING],
        "embedding_size": [Case(embedding_size=size) for size in SIZES],
    }
    figure = Figure(figsize=(10, 6), layout="constrained")
    panels = figure.subplots(2, 3, sharey="row")
    for column, (setting, group) in enumerate(groups.items()):
        for row, metric in enumerate(("mlm_accuracy", "sop_probe")):
            values = [
                [entry[metric] for entry in rows if entry["case"] == asdict(case)] for case in group
            ]
            labels = [str(getattr(case, setting)) for case in group]
            means = [float(np.mean(found)) for found in values]
            panels[row, column].bar(labels, means, color="tab:blue")
            for place, found in enumerate(values):
                panels[row, column].plot([place] * len(found), found, "k.")
            lowest, highest = min(map(min, values)), max(map(max, values))
            margin = max(highest - lowest, 0.5)
            limits = panels[row, column].get_ylim() if column else (lowest, highest)
            panels[row, column].set_ylim(
                min(limits[0], lowest - margin), max(limits[1], highest + margin)
            )
            panels[row, column].set(xlabel=setting.replace("_", " "))
    panels[0, 0].set(ylabel="masked words guessed, %")
    panels[1, 0].set(ylabel="order told from [CLS], %")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measures every case with every seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="folder of token shards")
    parser.add_argument("held_out", type=Path, help="folder of token shards of other documents")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and results")
    parser.add_argument("--steps", type=int, default=5000, help="of each run (default 5000)")
    parser.add_argument("--batch-size", type=int, default=16, help="(default 16)")
    parser.add_argument("--sequence-length", type=int, default=64, help="(default 64)")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each case (default 1)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default 1)")
    budget = parser.parse_args()
    claim(
        budget.out, None, budget.train, budget.held_out, budget.steps, budget.batch_size,
        budget.sequence_length,
    )  # fmt: skip
    todo = [(case, seed) for seed in range(budget.seeds) for case in cases()]
    with ProcessPoolExecutor(
        budget.jobs, mp_context=get_context("spawn"), max_tasks_per_child=1,
        initializer=tf.config.threading.set_intra_op_parallelism_threads,
        initargs=(max((os.cpu_count() or 1) // budget.jobs, 1),),
    ) as pool:  # fmt: skip
        runs = [pool.submit(measure, case, seed, budget) for case, seed in todo]
        for run in tqdm(as_completed(runs), desc="cases", unit="run", total=len(runs)):
            run.result()
    report([run.result() for run in runs], budget.out)


if __name__ == "__main__":
    main()
