"""Every benchmark of the paper has a name; a model may read another dataset of its family."""

from pathlib import Path

import pytest

from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.named import find_task, has_columns, named_tasks, read_as, task_names
from albert_tf.tasks.race import MultipleChoiceTask
from albert_tf.tasks.regression import RegressionTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import task_from_dict, task_to_dict

PAPER = {
    "squad1", "squad2", "cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "mnli_mismatched", "qnli",
    "rte", "wnli", "race", "race_middle", "race_high",
}  # fmt: skip


def test_the_tasks_of_the_paper_and_of_ones_own_have_names() -> None:
    own = {"classification", "regression", "question_answering"}
    assert set(task_names()) == PAPER | own
    assert len(task_names()) == len(set(task_names()))
    for named in named_tasks():
        assert task_from_dict(task_to_dict(named.task)) == named.task
        assert named.files
        assert (named.page == "a file of your own") == (named.name in own)
        assert has_columns(named.task) == (named.name in {"classification", "regression"})


@pytest.mark.parametrize(
    ("name", "kind", "metric"),
    [
        ("squad1", QuestionAnsweringTask, "f1"),
        ("mnli", ClassificationTask, "accuracy"),
        ("qqp", ClassificationTask, "f1"),
        ("cola", ClassificationTask, "matthews"),
        ("stsb", RegressionTask, "pearson"),
        ("race", MultipleChoiceTask, "accuracy"),
    ],
)
def test_a_name_has_its_family_and_metric(name: str, kind: type, metric: str) -> None:
    assert isinstance(find_task(name).task, kind)
    assert find_task(name).metric == metric


def test_an_unknown_name_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown task 'poetry'; choose one of squad1, squad2"):
        find_task("poetry")


def test_a_model_of_one_dataset_reads_another_of_its_family() -> None:
    labels = ("neutral", "entailment", "contradiction")
    trained = ClassificationTask(dataset="mnli", labels=labels, sequence_length=77)
    expected = ClassificationTask(dataset="mnli_mismatched", labels=labels, sequence_length=77)
    assert read_as(trained, "mnli_mismatched") == expected
    assert read_as(trained, "classification") == trained
    own = ClassificationTask(labels=("0", "1"), text_column="review", pair_column="title")
    assert read_as(own, "sst2") == ClassificationTask(dataset="sst2")
    assert read_as(RegressionTask(), "stsb") == RegressionTask(dataset="stsb")
    trained = MultipleChoiceTask(sequence_length=384)
    assert read_as(trained, "race_high") == MultipleChoiceTask("high", sequence_length=384)
    assert read_as(MultipleChoiceTask("high"), "race") == MultipleChoiceTask()
    assert read_as(QuestionAnsweringTask(), "squad2") == QuestionAnsweringTask(version_2=True)


def test_another_family_or_other_labels_are_refused() -> None:
    trained = ClassificationTask(dataset="mnli")
    with pytest.raises(ValueError, match="trained for classification; race is multiple_choice"):
        read_as(trained, "race")
    with pytest.raises(ValueError, match="labels must be those of rte, entailment, not_entailm"):
        read_as(trained, "rte")


def test_the_files_that_are_there_have_the_names_expected(shared_data: Path) -> None:
    folders = {"cola": "CoLA", "sst2": "SST-2", "stsb": "STS-B", "mrpc": "MRPC", "rte": "RTE"}
    for name, folder in folders.items():
        files = {path.name for path in (shared_data / "glue" / folder).iterdir()}
        assert {"train.tsv", "dev.tsv"} <= files
        assert find_task(name).files == ("train.tsv", "dev.tsv", "test.tsv")
    for file in find_task("race").files[:2]:
        assert (shared_data / "race" / file).is_dir()
    for name in ("squad1", "squad2"):
        assert (shared_data / "squad" / find_task(name).files[1]).is_file()
