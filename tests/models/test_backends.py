"""Layers and models give the same numbers on TensorFlow and on JAX."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from tests.conftest import TINY
from tests.layers.reference import randomized
from tests.models.checkpoints.official import random_inputs

# Opens each saved model, answers, and takes training steps, with whatever backend is set.
SCRIPT = """
import sys
from pathlib import Path
import keras, numpy as np
from albert_tf.models.saved import load_model
backend = keras.backend.backend()
for folder in map(Path, sys.argv[1:]):
    inputs = dict(np.load(folder / "inputs.npz"))
    model = load_model(folder)
    model.backbone.encoder.unroll = folder.name != "looped"
    body = {name: value for name, value in inputs.items() if name != "mask_positions"}
    outputs = {**model(inputs), **model.backbone(body)}
    model.compile(keras.optimizers.SGD(0.1))
    targets = {"mlm": inputs["mask_positions"], "sop": inputs["mask_positions"][:, 0] % 2}
    weights = {name: np.ones_like(target) for name, target in targets.items()}
    history = model.fit(inputs, targets, sample_weight=weights, epochs=3, shuffle=False, verbose=0)
    outputs["losses"] = np.array(history.history["loss"])
    np.savez(folder / f"{backend}.npz", **{name: np.asarray(v) for name, v in outputs.items()})
"""
SHARING = {"shared": "all", "looped": "all", "halves": "ffn"}


@pytest.mark.slow
def test_both_backends_agree(tmp_path: Path) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax")
    for name, sharing in SHARING.items():
        config = replace(TINY, parameter_sharing=sharing)
        model = randomized(AlbertPretrainer(AlbertBackbone(config)))
        model.save_to_preset(str(tmp_path / name))
        places = np.array([[1, 5], [2, 3], [0, 3]], np.int32)
        inputs = {**random_inputs(TINY), "mask_positions": places}
        np.savez(tmp_path / name / "inputs.npz", **inputs)
    for backend in ("tensorflow", "jax"):
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, *(str(tmp_path / name) for name in SHARING)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr.decode()
    for name in SHARING:
        found, expected = (
            dict(np.load(tmp_path / name / f"{backend}.npz")) for backend in ("jax", "tensorflow")
        )
        assert found["losses"][-1] < found["losses"][0]
        for output, value in expected.items():
            # float32 in another order of sums, and three steps of SGD.
            np.testing.assert_allclose(found[output], value, atol=2e-5, err_msg=output)
            assert np.abs(value).max() > 0.1
