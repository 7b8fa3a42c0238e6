"""A run that was cut short ends exactly where an uninterrupted one does."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.demo.shards import write_stories
from albert_tf.examples.shards import TokenShards
from albert_tf.training import trainer
from albert_tf.training.input_pipeline import fingerprint
from albert_tf.training.pretrain import PretrainingOptions, pretrain, pretraining_batches

OPTIONS = PretrainingOptions(
    sequence_length=32, batch_size=4, steps=7, warmup_steps=2, steps_per_save=2
)


def config(shards: TokenShards) -> AlbertConfig:
    return AlbertConfig(
        vocab_size=shards.tokenizer.vocab_size, embedding_size=8, hidden_size=12,
        num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32,
    )  # fmt: skip


def weights(folder: Path) -> list[np.ndarray]:
    from albert_tf.models.pretrainer import AlbertPretrainer

    return AlbertPretrainer.from_preset(str(folder), compile=False).get_weights()


class Killed(Exception):
    """Stands for kill -9: raised where no code of ours expects it."""


def test_a_killed_run_continues_to_the_same_weights(
    tmp_path: Path, shards: TokenShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pretrain(shards, config(shards), OPTIONS, tmp_path / "whole")

    class KillAtStepFive(trainer._StopOnNan):
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            super().on_train_batch_end(batch, logs)
            if self._step == 5:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_StopOnNan", KillAtStepFive)
        with pytest.raises(Killed):
            pretrain(shards, config(shards), OPTIONS, tmp_path / "cut")
    assert not (tmp_path / "cut" / "model.weights.h5").exists()
    continued = pretrain(shards, config(shards), OPTIONS, tmp_path / "cut")

    assert [entry["step"] for entry in continued] == [2, 4, 6, 7]
    assert continued == whole
    for first, second in zip(weights(tmp_path / "whole"), weights(tmp_path / "cut"), strict=True):
        np.testing.assert_array_equal(first, second)
    log = (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == whole
    assert (tmp_path / "cut" / "history.png").stat().st_size > 1000

    with pytest.raises(FileExistsError, match="holds a finished model"):
        pretrain(shards, config(shards), OPTIONS, tmp_path / "cut")

    other = replace(OPTIONS, seed=1)
    pretrain(shards, config(shards), other, tmp_path / "other")
    assert not np.array_equal(weights(tmp_path / "other")[0], weights(tmp_path / "whole")[0])


def test_a_broken_loss_stops_with_advice_and_saves_nothing(
    tmp_path: Path, shards: TokenShards
) -> None:
    wild = replace(OPTIONS, learning_rate=1e38, warmup_steps=0, steps_per_save=7)
    words = "loss must be finite; got .* another folder with a lower learning rate"
    with pytest.raises(ValueError, match=words):
        pretrain(shards, config(shards), wild, tmp_path)
    assert not list(tmp_path.glob("checkpoints/*.index"))
    assert not (tmp_path / "config.json").exists()


def test_broken_weights_never_reach_a_checkpoint() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="last")])
    guard = trainer._StopOnNan(start=0)
    guard.set_model(model)
    guard.on_epoch_end(0)
    model.layers[-1].bias.assign([1.0, np.nan])
    with pytest.raises(ValueError, match=r"weights must be finite; .*last/bias is not at step 0"):
        guard.on_epoch_end(0)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    saved = trainer._Checkpoints(model, tmp_path / "checkpoints")
    saved.on_epoch_end(0)
    (data,) = (tmp_path / "checkpoints").glob("*.data*")
    data.write_bytes(data.read_bytes()[:9])
    again = trainer._Checkpoints(model, tmp_path / "checkpoints")
    with pytest.raises(ValueError, match=f"checkpoint in {tmp_path}/checkpoints is damaged"):
        again.restore()


def test_other_text_cannot_continue_a_run(
    tmp_path: Path, shards: TokenShards, stories: list[list[str]]
) -> None:
    part = write_stories(stories[:9], shards.tokenizer, tmp_path)
    first, second = (fingerprint(pretraining_batches(text, OPTIONS)) for text in (shards, part))
    assert first == fingerprint(pretraining_batches(shards, OPTIONS))
    assert first != second


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path, shards: TokenShards) -> None:
    with pytest.raises(ValueError, match="vocab_size must be that of the vocabulary"):
        pretrain(shards, AlbertConfig(), OPTIONS, tmp_path)


@pytest.mark.parametrize("objective", ["nsp", "none"])
def test_the_ablations_train_without_order(
    tmp_path: Path, shards: TokenShards, objective: str
) -> None:
    options = replace(OPTIONS, objective=objective, steps=2)
    log = pretrain(shards, config(shards), options, tmp_path)
    assert "sop_accuracy" not in log[-1]
    assert ("nsp_accuracy" in log[-1]) == (objective == "nsp")


def test_the_random_state_of_keras_is_set(tmp_path: Path, shards: TokenShards) -> None:
    keras.utils.set_random_seed(99)
    first = pretrain(shards, config(shards), OPTIONS, tmp_path / "first")
    keras.utils.set_random_seed(5)
    second = pretrain(shards, config(shards), OPTIONS, tmp_path / "second")
    assert first == second
