"""Options are scored each by itself, together or one by one."""

from pathlib import Path

import numpy as np

from albert_tf.models.multiple_choice import AlbertMultipleChoice
from albert_tf.models.saved import load_task_model
from tests.conftest import TINY
from tests.models.test_models import CHOICES, B, T, build


def test_each_option_is_scored_by_itself() -> None:
    model, _ = build(AlbertMultipleChoice)
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, TINY.vocab_size, (B, 4, T)).astype(np.int32)
    inputs = {**CHOICES, "token_ids": tokens}
    logits = np.asarray(model(inputs)["logits"])
    swapped = {name: value[:, [1, 0, 2, 3]] for name, value in inputs.items()}
    np.testing.assert_allclose(model(swapped)["logits"], logits[:, [1, 0, 2, 3]], atol=1e-6)
    assert np.abs(logits[:, 0] - logits[:, 1]).min() > 1e-4


def test_options_that_come_one_by_one_get_the_same_logits(tmp_path: Path) -> None:
    model, _ = build(AlbertMultipleChoice)
    tokens = np.random.default_rng(3).integers(0, TINY.vocab_size, (B, 4, T)).astype(np.int32)
    inputs = {**CHOICES, "token_ids": tokens}
    expected = np.asarray(model(inputs)["logits"]).reshape(-1, 1)
    flat = {name: value.reshape(-1, T) for name, value in inputs.items()}
    assert model.score_inputs(flat)["logits"].shape == (4 * B, 1)
    np.testing.assert_allclose(model.run(flat)["logits"], expected, atol=1e-6)  # sums in order
    model.save_to_preset(str(tmp_path))
    again = load_task_model(tmp_path, "multiple_choice")
    np.testing.assert_array_equal(again.run(flat)["logits"], model.run(flat)["logits"])
