"""A run that was cut short ends exactly where an uninterrupted one does."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training import trainer
from albert_tf.training.pretrain import PretrainingOptions, pretrain

OPTIONS = PretrainingOptions(
    sequence_length=32, batch_size=4, steps=7, warmup_steps=2, steps_per_save=2
)


def config(tokenizer: Tokenizer) -> AlbertConfig:
    return AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=8, hidden_size=12, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=32,
    )  # fmt: skip


def weights(folder: Path) -> list[np.ndarray]:
    from albert_tf.models.pretrainer import AlbertPretrainer

    return AlbertPretrainer.from_preset(str(folder), compile=False).get_weights()


class Killed(Exception):
    """Stands for kill -9: raised where no code of ours expects it."""


def test_a_killed_run_continues_to_the_same_weights(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pretrain(stories, tokenizer, config(tokenizer), OPTIONS, tmp_path / "whole")

    class KillAtStepFive(trainer._StopOnNan):
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            super().on_train_batch_end(batch, logs)
            if self._step == 5:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_StopOnNan", KillAtStepFive)
        with pytest.raises(Killed):
            pretrain(stories, tokenizer, config(tokenizer), OPTIONS, tmp_path / "cut")
    assert not (tmp_path / "cut" / "model.weights.h5").exists()
    continued = pretrain(stories, tokenizer, config(tokenizer), OPTIONS, tmp_path / "cut")

    assert [entry["step"] for entry in continued] == [2, 4, 6, 7]
    assert continued == whole
    for first, second in zip(weights(tmp_path / "whole"), weights(tmp_path / "cut"), strict=True):
        np.testing.assert_array_equal(first, second)
    log = (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == whole
    assert (tmp_path / "cut" / "history.png").stat().st_size > 1000

    other = PretrainingOptions(**{**OPTIONS.__dict__, "seed": 1})
    pretrain(stories, tokenizer, config(tokenizer), other, tmp_path / "other")
    assert not np.array_equal(weights(tmp_path / "other")[0], weights(tmp_path / "whole")[0])


def test_a_broken_loss_stops_with_advice(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    wild = PretrainingOptions(**{**OPTIONS.__dict__, "learning_rate": 1e38, "warmup_steps": 0})
    with pytest.raises(ValueError, match=r"loss must be finite; got .* Lower the learning rate"):
        pretrain(stories, tokenizer, config(tokenizer), wild, tmp_path)


def test_a_finished_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FileExistsError, match="holds a finished model; choose another folder"):
        trainer.claim(tmp_path, {"steps": 1})


def test_another_run_cannot_continue_in_the_folder(tmp_path: Path) -> None:
    trainer.claim(tmp_path, {"steps": 1, "seed": 0})
    trainer.claim(tmp_path, {"steps": 1, "seed": 0})
    with pytest.raises(ValueError, match="an unfinished run whose steps was 1, not 2"):
        trainer.claim(tmp_path, {"steps": 2, "seed": 0})


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="vocab_size must be that of the vocabulary"):
        pretrain([], tokenizer, AlbertConfig(), OPTIONS, tmp_path)


def test_a_corpus_without_order_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="a document of at least 2 sentences; it has none"):
        pretrain([["Alone."]], tokenizer, config(tokenizer), OPTIONS, tmp_path)


def test_the_random_state_of_keras_is_set(
    tmp_path: Path, tokenizer: Tokenizer, stories: list[list[str]]
) -> None:
    keras.utils.set_random_seed(99)
    first = pretrain(stories, tokenizer, config(tokenizer), OPTIONS, tmp_path / "first")
    keras.utils.set_random_seed(5)
    second = pretrain(stories, tokenizer, config(tokenizer), OPTIONS, tmp_path / "second")
    assert first == second
