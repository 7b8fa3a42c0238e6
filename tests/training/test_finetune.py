"""A fine-tuning run that cannot work is refused before it begins, and leaves no mark."""

from pathlib import Path

import pytest

from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.tasks.squad import QuestionAnsweringTask, QuestionExample
from albert_tf.text.tokenizer import Tokenizer
from albert_tf.training.finetune import finetune
from albert_tf.training.options import FinetuningOptions

CONTEXT = "At dawn Mina was in the kitchen."
EXAMPLES = [QuestionExample("Where?", CONTEXT, ("kitchen",), CONTEXT.index("kitchen"))]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """A folder with a random backbone of 29 positions and its vocabulary."""
    folder = tmp_path_factory.mktemp("pretrained")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=7, hidden_size=10, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=13, max_position_embeddings=29,
    )  # fmt: skip
    AlbertBackbone(config).save_to_preset(str(folder))
    tokenizer.save(folder)
    return folder


def refuse(pretrained: Path, out: Path, words: str, **changes: object) -> None:
    arguments = {
        "task": QuestionAnsweringTask(sequence_length=29, max_query_length=8),
        "pretrained": pretrained,
        "training": EXAMPLES,
        "validation": EXAMPLES,
        "options": FinetuningOptions(),
        "directory": out,
    }
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        finetune(**{**arguments, **changes})  # type: ignore[arg-type]
    assert not out.exists()


def test_inputs_longer_than_the_positions_are_refused(pretrained: Path, tmp_path: Path) -> None:
    task = QuestionAnsweringTask(sequence_length=30, max_query_length=8)
    words = r"sequence_length must be at most max_position_embeddings \(29\); got 30"
    refuse(pretrained, tmp_path / "out", words, task=task)


@pytest.mark.parametrize("name", ["training", "validation"])
def test_examples_without_an_answer_in_reach_are_refused(
    pretrained: Path, tmp_path: Path, name: str
) -> None:
    whole = [QuestionExample("Where?", CONTEXT * 9, (CONTEXT * 9,), 0)]
    refuse(pretrained, tmp_path / "out", f"{name} must hold an example", **{name: whole})


def test_a_folder_without_a_model_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    words = "holds no saved model: config.json is missing"
    refuse(tmp_path, tmp_path / "out", words)
