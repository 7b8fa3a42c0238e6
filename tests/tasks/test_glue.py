"""The official files of GLUE are read with their quirks, and to their last row."""

from collections import Counter
from pathlib import Path

import pytest

from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.glue import DATASETS, GlueRows
from albert_tf.tasks.regression import RegressionTask

MNLI = [
    "index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse",
    "sentence1_parse", "sentence2_parse", "sentence1", "sentence2",
]  # fmt: skip


def write(path: Path, *rows: list[str]) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def mnli_row(number: int, *labels: str) -> list[str]:
    return [str(number), *"abcdefg", f"the {number}", f'a "{number}', *labels]


def test_cola_names_its_columns_in_the_test_file_only(tmp_path: Path) -> None:
    task = ClassificationTask(dataset="cola")
    train = write(tmp_path / "train.tsv", ["gj04", "1", "", "He ran."], ["c", "0", "*", "He run."])
    assert task.read(train) == [
        TextExample("He ran.", None, "1", "0"), TextExample("He run.", None, "0", "1")
    ]  # fmt: skip
    test = write(tmp_path / "test.tsv", ["index", "sentence"], ["7", "He ran."])
    assert list(task.stream(test)) == [TextExample("He ran.", None, None, "7")]
    with pytest.raises(ValueError, match=r"test.tsv line 2 has no column 'label'"):
        task.read(test)


def test_the_label_of_mnli_is_its_last_column_and_a_dash_is_none(tmp_path: Path) -> None:
    train = write(
        tmp_path / "train.tsv", [*MNLI, "label1", "gold_label"],
        mnli_row(0, "neutral", "neutral"), mnli_row(1, "neutral", "-"),
        mnli_row(2, "neutral", "entailment"),
    )  # fmt: skip
    dev = write(
        tmp_path / "dev_mismatched.tsv", [*MNLI, *(f"label{n}" for n in range(1, 6)), "gold_label"],
        mnli_row(3, *["neutral"] * 5, "contradiction"),
    )  # fmt: skip
    test = write(tmp_path / "test_matched.tsv", MNLI, mnli_row(4), mnli_row(5))
    task = ClassificationTask(dataset="mnli")
    with pytest.warns(UserWarning, match=r"train.tsv: skipped 1 rows with the label '-'"):
        examples = task.read(train)
    assert examples == [
        TextExample("the 0", 'a "0', "neutral", "0"),
        TextExample("the 2", 'a "2', "entailment", "2"),
    ]  # fmt: skip
    mismatched = ClassificationTask(dataset="mnli_mismatched").read(dev)
    assert mismatched == [TextExample("the 3", 'a "3', "contradiction", "3")]
    assert [example.identifier for example in task.stream(test)] == ["4", "5"]
    # Texts are answered whether annotators agreed or not.
    assert len(list(task.stream(train))) == 3


def test_broken_rows_of_qqp_are_skipped_and_counted(tmp_path: Path) -> None:
    train = write(
        tmp_path / "train.tsv", ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"],
        ["5", "1", "2", "Who?", "Where?", "0"], ["6", "3", "4", 'Who "?'], ["", "Where?", "0"],
        ["7", "5", "6", "When?", "Then?", "1"],
    )  # fmt: skip
    task = ClassificationTask(dataset="qqp")
    with pytest.warns(UserWarning, match=r"train.tsv: skipped 2 rows with too few cells"):
        examples = task.read(train)
    assert examples == [
        TextExample("Who?", "Where?", "0", "5"), TextExample("When?", "Then?", "1", "7")
    ]  # fmt: skip
    rows = GlueRows(train, DATASETS["qqp"], labelled=True)
    assert [len(list(rows)), rows.broken, len(list(rows)), rows.broken] == [2, 2, 2, 2]
    test = write(tmp_path / "test.tsv", ["id", "question1", "question2"], ["0", "Who?", "Where?"])
    assert list(task.stream(test)) == [TextExample("Who?", "Where?", None, "0")]


def test_a_broken_row_of_another_task_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "train.tsv", ["index", "sentence1", "sentence2", "label"],
        ["0", "a", "b", "entailment"], ["1", "a", "entailment"],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"train.tsv line 3 must have 4 cells.* got 3"):
        ClassificationTask(dataset="rte").read(path)


def test_a_label_of_another_task_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "dev.tsv", ["index", "sentence1", "sentence2", "label"],
        ["0", "a", "b", "1"], ["1", "a", "b", "entailment"],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"dev.tsv line 3: label must be one of 0, 1; got 'ent"):
        ClassificationTask(dataset="wnli").read(path)
    with pytest.raises(ValueError, match=r"dev.tsv line 2 has no column 'question'; it has"):
        ClassificationTask(dataset="qnli").read(path)


@pytest.mark.parametrize("name", ["train.tsv", "msr_paraphrase_train.txt"])
def test_quotes_of_mrpc_are_letters_and_its_mark_is_no_name(tmp_path: Path, name: str) -> None:
    head = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
    (tmp_path / name).write_bytes((head + '1\t5\t6\t" He said\tHe " said\r\n').encode())
    examples = ClassificationTask(dataset="mrpc").read(tmp_path / name)
    assert examples == [TextExample('" He said', 'He " said', "1", "0")]


def test_unlabelled_test_files_need_no_label(tmp_path: Path) -> None:
    heads = {
        "sst2": "index sentence", "qnli": "index question sentence",
        "rte": "index sentence1 sentence2", "wnli": "index sentence1 sentence2",
    }  # fmt: skip
    for name, head in heads.items():
        columns = head.split()
        path = write(tmp_path / f"{name}.tsv", columns, ["3", "a", "b"][: len(columns)])
        pair = "b" if len(columns) == 3 else None
        found = list(ClassificationTask(dataset=name).stream(path))
        assert found == [TextExample("a", pair, None, "3")]
    head = ["index", "#1 ID", "#2 ID", "#1 String", "#2 String"]
    path = write(tmp_path / "mrpc.tsv", head, ["3", "5", "6", "a", "b"])
    found = list(ClassificationTask(dataset="mrpc").stream(path))
    assert found == [TextExample("a", "b", None, "3")]


# Counted by hand, with cut, sort and uniq. Sizes are those that GLUE publishes, but for the
# training split of MRPC: of its 3,668 rows the file here lacks one.
@pytest.mark.parametrize(
    ("dataset", "file", "counts"),
    [
        ("cola", "CoLA/train.tsv", {"1": 6023, "0": 2528}),
        ("cola", "CoLA/dev.tsv", {"1": 721, "0": 322}),
        ("sst2", "SST-2/train.tsv", {"1": 37569, "0": 29780}),
        ("sst2", "SST-2/dev.tsv", {"1": 444, "0": 428}),
        ("mrpc", "MRPC/train.tsv", {"1": 2473, "0": 1194}),
        ("mrpc", "MRPC/dev.tsv", {"1": 279, "0": 129}),
        ("mrpc", "MRPC/msr_paraphrase_train.txt", {"1": 2753, "0": 1323}),
        ("mrpc", "MRPC/msr_paraphrase_test.txt", {"1": 1147, "0": 578}),
        ("qnli", "QNLI/dev.tsv", {"entailment": 2702, "not_entailment": 2761}),
        ("rte", "RTE/train.tsv", {"entailment": 1249, "not_entailment": 1241}),
        ("rte", "RTE/dev.tsv", {"entailment": 146, "not_entailment": 131}),
        ("wnli", "WNLI/train.tsv", {"1": 312, "0": 323}),
        ("wnli", "WNLI/dev.tsv", {"1": 31, "0": 40}),
    ],
)
def test_the_classes_of_the_real_files_are_those_of_a_plain_count(
    shared_data: Path, dataset: str, file: str, counts: dict[str, int]
) -> None:
    examples = ClassificationTask(dataset=dataset).read(shared_data / "glue" / file)
    assert Counter(example.label for example in examples) == counts
    assert len({example.identifier for example in examples}) == len(examples)
    assert all(example.text.strip() for example in examples)


@pytest.mark.parametrize(("file", "count"), [("train.tsv", 5749), ("dev.tsv", 1500)])
def test_the_real_scores_of_stsb_are_from_0_to_5(shared_data: Path, file: str, count: int) -> None:
    examples = RegressionTask(dataset="stsb").read(shared_data / "glue" / "STS-B" / file)
    assert len(examples) == count
    assert {0.0, 5.0} < {example.score for example in examples}
