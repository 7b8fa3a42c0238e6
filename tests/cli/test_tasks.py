"""Tasks are asked for by name; columns and files that do not belong to them are refused."""

import argparse
import json
from pathlib import Path

import pytest

from albert_tf.cli import main
from albert_tf.cli.arguments import build_parser
from albert_tf.cli.tasks import check_columns, new_task
from albert_tf.config import AlbertConfig
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.embedding import EmbeddingTask
from albert_tf.tasks.named import named_tasks
from albert_tf.tasks.regression import RegressionTask
from albert_tf.text.tokenizer import Tokenizer


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """A folder with a random backbone and its vocabulary."""
    folder = tmp_path_factory.mktemp("pretrained")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=7, hidden_size=10, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=13, max_position_embeddings=140,
    )  # fmt: skip
    AlbertBackbone(config).save_to_preset(str(folder))
    tokenizer.save(folder)
    return folder


def write_race(folder: Path) -> Path:
    content = {
        "article": "Mina was here.", "questions": ["Who was here?"], "answers": ["B"],
        "options": [["Ravi", "Mina", "no one", "all"]], "id": "middle1.txt",
    }  # fmt: skip
    (folder / "middle").mkdir(parents=True)
    (folder / "middle" / "1.txt").write_text(json.dumps(content))
    return folder


def test_settings_of_a_family_are_taken_there_and_refused_elsewhere() -> None:
    lengths = ("--sequence-length", 60, "--max-query-length", 20, "--doc-stride", 17)
    task = new_task(build_parser().parse_args(finetune("--task", "squad2", *lengths)))
    assert (task.max_query_length, task.doc_stride, task.max_answer_length) == (20, 17, 30)
    options = ("--task", "race", "--max-qa-length", 40)
    assert new_task(build_parser().parse_args(finetune(*options))).max_qa_length == 40
    wrong = build_parser().parse_args(finetune("--task", "sst2", *options[2:], *lengths[4:]))
    with pytest.raises(ValueError, match="sst2 has no --doc-stride, --max-qa-length; leave it out"):
        new_task(wrong)


def test_the_table_shows_every_task_with_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tasks") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(named_tasks())
    for line, named in zip(lines[1:], named_tasks(), strict=True):
        assert line.split()[:3] == [named.name, named.task.name, named.metric]
        assert line.endswith(named.page)


def finetune(*options: object) -> list[str]:
    fixed = ["--model", "m", "--train", "absent.tsv", "--validation", "v", "--out", "o"]
    return ["finetune", *map(str, options), *fixed]


def test_a_name_and_its_options_make_a_task(tmp_path: Path) -> None:
    parse = build_parser().parse_args
    task = new_task(parse(finetune("--task", "mnli", "--sequence-length", 77)))
    assert task == ClassificationTask(dataset="mnli", sequence_length=77)
    numbers = ("--task", "regression", "--text-column", "a", "--label-column", "b")
    expected = RegressionTask(text_column="a", label_column="b")
    assert new_task(parse(finetune(*numbers))) == expected


@pytest.mark.parametrize("task", ["rte", "stsb", "race", "squad1", "question_answering"])
def test_columns_of_a_task_that_knows_its_files_are_refused(
    task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*finetune("--task", task, "--text-column", "text", "--pair-column", "b")) == 1
    words = f"{task} knows its files, which need no --text-column, --pair-column"
    assert words in capsys.readouterr().err


def test_columns_that_a_model_does_not_read_are_refused() -> None:
    given = argparse.Namespace(text_column="said", pair_column="b", label_column=None)
    with pytest.raises(ValueError, match="embeddings knows its files, which need no --pair-col"):
        check_columns(given, EmbeddingTask(), "embeddings")
    given.pair_column = None
    check_columns(given, EmbeddingTask(), "embeddings")


@pytest.mark.slow
def test_race_is_trained_on_folders_and_answers_one_question(
    tmp_path: Path, pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, tuned = write_race(tmp_path / "race"), tmp_path / "tuned"
    assert run(
        "finetune", "--task", "race", "--model", pretrained, "--train", folder, "--validation",
        folder, "--sequence-length", 140, "--epochs", 1, "--out", tuned,
    ) == 0  # fmt: skip
    scores = tmp_path / "scores.json"
    assert run("evaluate", tuned, "--task", "race", "--data", folder, "--json", scores) == 0
    assert set(json.loads(scores.read_text())) == {"accuracy", "accuracy_middle", "examples"}
    capsys.readouterr()
    question = ("--context", "Mina was here.", "--question", "_ was here.", "--option", "Ravi")
    assert run("predict", tuned, *question, "Mina", "all") == 0
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"A", "B", "C"}
    out = tmp_path / "out.jsonl"
    assert run("predict", tuned, "--input", folder, "--out", out) == 0
    assert json.loads(out.read_text())["label"] in "ABCD"
    assert run("predict", tuned, "--input", folder, "--submission", tmp_path / "sent") == 0
    assert (tmp_path / "sent" / "race.txt").read_text().split()[-1] in "ABCD"
    assert run("predict", tuned, "--text", "a") == 1
    assert "multiple_choice model; give it --question, --context and --option" in (
        capsys.readouterr().err
    )
    assert run("evaluate", tuned, "--task", "mnli", "--data", folder) == 1
    assert "trained for multiple_choice; mnli is classification" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_one_dataset_is_scored_on_another(
    tmp_path: Path, pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["0\ta\tb\t1", "1\tc\td\t0"]
    wnli, sst2, tuned = tmp_path / "wnli.tsv", tmp_path / "sst2.tsv", tmp_path / "tuned"
    wnli.write_text("\n".join(["index\tsentence1\tsentence2\tlabel", *rows]))
    sst2.write_text("sentence\tlabel\nfine\t1\nbad\t0\nso\t2\n")
    assert run(
        "finetune", "--task", "wnli", "--model", pretrained, "--train", wnli, "--validation",
        wnli, "--epochs", 1, "--sequence-length", 140, "--out", tuned,
    ) == 0  # fmt: skip
    assert run("evaluate", tuned, "--data", wnli) == 0
    assert run("evaluate", tuned, "--task", "sst2", "--data", sst2, "--limit", 2) == 0
    capsys.readouterr()
    assert run("evaluate", tuned, "--task", "sst2", "--data", sst2) == 1
    assert "sst2.tsv line 4: label must be one of 0, 1; got '2'" in capsys.readouterr().err
    assert run("evaluate", tuned, "--task", "rte", "--data", wnli) == 1
    assert "labels must be those of rte" in capsys.readouterr().err
