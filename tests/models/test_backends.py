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
from albert_tf.text.tokenizer import Tokenizer
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
    if (folder.name, backend) == ("nudged", "jax"):
        bias = model.backbone.encoder.attention[0][0].attention.value.bias
        bias.assign(bias + 0.01)
    body = {name: value for name, value in inputs.items() if name != "mask_positions"}
    outputs = {**model(inputs), **model.backbone(body)}
    model.compile(keras.optimizers.SGD(0.1))
    targets = {"mlm": inputs["mask_positions"], "sop": inputs["mask_positions"][:, 0] % 2}
    weights = {name: np.ones_like(target) for name, target in targets.items()}
    history = model.fit(inputs, targets, sample_weight=weights, epochs=3, shuffle=False, verbose=0)
    outputs["losses"] = np.array(history.history["loss"])
    np.savez(folder / f"{backend}.npz", **{name: np.asarray(v) for name, v in outputs.items()})
"""
# Trains a saved model that has dropout, with and without activations computed again.
REMAT = """
import sys
from pathlib import Path
import keras, numpy as np
from albert_tf.models.saved import load_model
inputs = dict(np.load(f"{sys.argv[1]}/inputs.npz"))
targets = {"mlm": inputs["mask_positions"], "sop": inputs["mask_positions"][:, 0] % 2}
def losses(remat, seed=0):
    keras.utils.set_random_seed(seed)
    model = load_model(Path(sys.argv[1]))
    model.backbone.encoder.remat = remat
    model.compile(keras.optimizers.SGD(0.1))
    return model.fit(inputs, targets, epochs=3, shuffle=False, verbose=0).history["loss"]
np.testing.assert_allclose(losses(True), losses(False), rtol=1e-5)
assert not np.allclose(losses(True, seed=1), losses(False), rtol=1e-3)
"""
# Pretrains, saves and opens a model where TensorFlow cannot be imported.
ALONE = """
import sys
from pathlib import Path
sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None
import keras, numpy as np
from albert_tf import AlbertPreprocessor, AlbertPretrainer
from albert_tf.models.saved import load_model
from albert_tf.training.optimizers import build_optimizer
folder = Path(sys.argv[1])
inputs = dict(np.load(folder / "inputs.npz"))
targets = {"mlm": inputs["mask_positions"], "sop": inputs["mask_positions"][:, 0] % 2}
class Made(keras.utils.PyDataset):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        return inputs, targets, {name: np.ones_like(target) for name, target in targets.items()}
model = load_model(folder)
settings = {"learning_rate": 0.01, "warmup_steps": 1, "total_steps": 40}
for name in ("lamb", "adamw"):
    model.compile(build_optimizer(name, **settings))
    losses = model.fit(Made(), epochs=5, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0], losses
    assert model.fit(inputs, targets, verbose=0).history["loss"][0] < losses[0]
assert model.evaluate(Made(), verbose=0, return_dict=True)["loss"] < losses[0]
model.preprocessor = AlbertPreprocessor(folder, 12)
model.save_to_preset(str(folder / "trained"))
again = load_model(folder / "trained")
assert again.preprocessor.text_tokenizer.vocab_size > 9
expected = np.asarray(model(inputs)["mlm"])
np.testing.assert_array_equal(again(inputs)["mlm"], expected)
np.testing.assert_allclose(again.predict(inputs, verbose=0)["mlm"], expected, atol=1e-5)  # compiled
"""
SHARING = {"shared": "all", "looped": "all", "halves": "ffn", "nudged": "all"}


def run(backend: str, script: str, *folders: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", script, *map(str, folders)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()


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
        run(backend, SCRIPT, *(tmp_path / name for name in SHARING))
    for name in SHARING:
        found, expected = (
            dict(np.load(tmp_path / name / f"{backend}.npz")) for backend in ("jax", "tensorflow")
        )
        furthest = max(np.abs(found[output] - expected[output]).max() for output in expected)
        if name == "nudged":  # the control: one bias is 0.01 off on one of the two
            assert furthest > 1e-3
            continue
        # float32 in another order of sums, and three steps of SGD.
        assert furthest < 2e-5
        assert found["losses"][-1] < found["losses"][0]
        assert min(np.abs(value).max() for value in expected.values()) > 0.1


@pytest.mark.slow
def test_jax_drops_the_same_places_when_it_computes_activations_again(tmp_path: Path) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax")
    config = replace(TINY, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.2)
    randomized(AlbertPretrainer(AlbertBackbone(config))).save_to_preset(str(tmp_path))
    places = np.array([[1, 5], [2, 3], [0, 3]], np.int32)
    np.savez(tmp_path / "inputs.npz", **random_inputs(TINY), mask_positions=places)
    run("jax", REMAT, tmp_path)


@pytest.mark.slow
def test_jax_needs_no_tensorflow(tmp_path: Path, tokenizer: Tokenizer) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax")
    tokenizer.save(tmp_path)
    randomized(AlbertPretrainer(AlbertBackbone(TINY))).save_to_preset(str(tmp_path))
    places = np.array([[1, 5], [2, 3], [0, 3]], np.int32)
    np.savez(tmp_path / "inputs.npz", **random_inputs(TINY), mask_positions=places)
    run("jax", ALONE, tmp_path)
    with pytest.raises(AssertionError, match=r"ModuleNotFoundError: .*tensorflow"):  # the control
        run("tensorflow", ALONE, tmp_path)
