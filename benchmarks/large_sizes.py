"""Shows that the large sizes fit: builds one, takes a training step, exports it, answers.

    python benchmarks/large_sizes.py [albert_xlarge albert_xxlarge]

Each size runs in a process of its own, with `remat`, Adam, two sequences of 16 tokens, and ends
with the float LiteRT file answering as Keras did. The table shows the peak of resident memory so
far after each stage, in GB of 10^9 bytes. How to read it: peaks only ever grow; the last row is
what the machine must have.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

BATCH, LENGTH = 2, 16


def stages(size: str) -> None:
    """Goes through every stage with one size and prints a row after each."""
    import keras
    import numpy as np

    from albert_tf import AlbertBackbone, AlbertConfig, AlbertTextClassifier
    from albert_tf.export.convert import convert
    from albert_tf.export.signature import build_signature
    from albert_tf.runtime.engine import Engine

    def row(stage: str) -> None:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{size:15} {stage:40} {kilobytes / 1e6:6.1f} GB", flush=True)

    backbone = AlbertBackbone(AlbertConfig.named(size), remat=True)
    model = AlbertTextClassifier(backbone, num_classes=2)
    row(f"{model.count_params():,} parameters built")
    names = ("token_ids", "segment_ids", "padding_mask")
    inputs = {name: np.ones((BATCH, LENGTH), np.int32) for name in names}
    model.compile(keras.optimizers.Adam(1e-5))
    loss = model.fit(inputs, np.arange(BATCH) % 2, verbose=0).history["loss"][0]
    row(f"one training step, loss {loss:.3f}")
    one = {name: value[:1] for name, value in inputs.items()}
    expected = np.asarray(model(one)["logits"])
    content = convert(build_signature(model))
    row(f"exported, {len(content):,} bytes")
    difference = np.abs(Engine(content).run(one)["logits"] - expected).max()
    row(f"answers within {difference:.1e} of Keras")


def main() -> None:
    """Runs every size that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", default=["albert_xlarge", "albert_xxlarge"])
    parser.add_argument("--stages", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stages:
        stages(*arguments.sizes)
        return
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for size in arguments.sizes:
        subprocess.run([sys.executable, __file__, "--stages", size], check=True, env=environment)


if __name__ == "__main__":
    main()
