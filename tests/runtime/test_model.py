"""An exported folder answers texts by its kind, in any number of threads, and no others."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from albert_tf import runtime
from albert_tf.examples.packing import Ints
from albert_tf.runtime.contract import FileRecord
from albert_tf.runtime.model import EdgeModel
from albert_tf.tasks.classification import TextExample
from albert_tf.tasks.squad import QuestionExample
from albert_tf.tasks.task import Floats
from albert_tf.text.tokenizer import Tokenizer
from tests.runtime.exports import NAMES, WIDTH, write_export

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TEXTS = [f"{'at dawn ' * (n % 5)}Mina found {'so ' * (n % 4)}" for n in range(60)]
CALLS: dict[str, Any] = {
    "classify": lambda model: model.classify(["a"]),
    "answer": lambda model: model.answer("a", "b"),
    "embed": lambda model: model.embed(["a"]),
    "fill_mask": lambda model: model.fill_mask("[MASK]"),
}
OWN = {"classifier": "classify", "answerer": "answer", "embedder": "embed", "filler": "fill_mask"}


def test_texts_are_classified_in_the_order_they_came(exports: Path) -> None:
    model = runtime.load(exports / "classifier")
    together = model.classify(TEXTS)
    alone = [model.predict(TextExample(text)) for text in TEXTS]
    assert together == alone
    assert len({answer.probabilities["no"] for answer in alone}) > 9
    assert model.classify([]) == []


def test_a_pair_is_read_as_two_segments(exports: Path) -> None:
    model = runtime.load(exports / "classifier")
    assert model.classify(["so"], ["at dawn"]) == [model.predict(TextExample("so", "at dawn"))]
    with pytest.raises(ValueError, match="equally many; got 1 and 2"):
        model.classify(["so"], ["a", "b"])


def test_nothing_is_padded_and_lengths_change_as_seldom_as_they_can(exports: Path) -> None:
    model = runtime.load(exports / "embedder")
    seen: list[int] = []

    def spy(batch: dict[str, Ints]) -> dict[str, Floats]:
        assert batch["padding_mask"].all()
        seen.append(batch["token_ids"].shape[1])
        return model.run(batch)

    replace(model, run=spy).embed(TEXTS[: model.pool])
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_an_answer_is_cut_from_a_passage_of_many_windows(exports: Path) -> None:
    model = runtime.load(exports / "answerer")
    passage = "At dawn Mina was in the kitchen. " * 700
    answer = model.answer("Where was Mina?", passage)
    assert passage[answer.start : answer.end] == answer.text != ""
    assert len(model.task.windows(QuestionExample("Where?", passage), model.tokenizer)) > 1


def test_vectors_are_those_of_the_output_that_is_asked_for(exports: Path) -> None:
    model = runtime.load(exports / "embedder")
    mean, pooled = model.embed(TEXTS), model.embed(TEXTS, pooling="pooled")
    assert mean.shape == (len(TEXTS), WIDTH)
    assert mean.dtype == np.float32
    np.testing.assert_array_equal(mean, -pooled)
    assert np.unique(mean, axis=0).shape[0] > 9
    assert model.embed([]).shape == (0, WIDTH)
    with pytest.raises(ValueError, match="pooling must be mean or pooled; got 'max'"):
        model.embed(TEXTS, pooling="max")


def test_every_gap_gets_its_guesses(exports: Path, tokenizer: Tokenizer) -> None:
    model = runtime.load(exports / "filler")
    found = model.fill_mask("the [MASK] was at[MASK]", top=2)
    last = [tokenizer.encode(part).pieces[-1] for part in ("the", "was at")]
    assert [guesses[0].piece for guesses in found] == last
    assert [len(guesses) for guesses in found] == [2, 2]
    texts = ["the [MASK]", "[MASK] at [MASK] [MASK]", "so[MASK]"]
    together = [answer.gaps for answer in model.predict_all(map(TextExample, texts))]
    assert together == [model.fill_mask(text) for text in texts]


@pytest.mark.parametrize("name", OWN)
def test_a_call_that_does_not_suit_the_file_names_what_would(exports: Path, name: str) -> None:
    model = runtime.load(exports / name)
    for method, call in CALLS.items():
        if method == OWN[name]:
            call(model)
            continue
        words = rf"{method} needs a file for \w+; this one is for {model.task.name}. Export a "
        with pytest.raises(TypeError, match=words):
            call(model)


@pytest.mark.parametrize(
    ("name", "call", "words"),
    [
        ("classifier", lambda m: m.classify("so"), "texts must be a list of strings; got str"),
        ("classifier", lambda m: m.classify(["so", 1]), "texts must be text; got int"),
        ("classifier", lambda m: m.classify(["so"], "a"), "pairs must be a list of strings"),
        ("embedder", lambda m: m.embed([None]), "texts must be text; got NoneType"),
        ("answerer", lambda m: m.answer("so", b"at"), "context must be text; got bytes"),
        ("filler", lambda m: m.fill_mask(["[MASK]"]), "text must be text; got list"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(exports: Path, name: str, call: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call(runtime.load(exports / name))


@pytest.mark.parametrize("name", OWN)
def test_threads_get_the_answers_that_one_would(exports: Path, name: str) -> None:
    model = runtime.load(exports / name, num_threads=1)
    texts = [f"{text[:19]} [MASK] so" for text in TEXTS[:24]]
    call = {
        "classifier": lambda text: model.classify([text]),
        "answerer": lambda text: model.answer(text, f"{text} and {text}"),
        "embedder": lambda text: model.embed([text]).tolist(),
        "filler": lambda text: model.fill_mask(text),
    }[name]
    expected = [call(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(call, texts * 20)) == expected * 20


def test_a_file_of_a_fixed_size_answers_as_one_of_any(
    exports: Path, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    write_export(tmp_path / "fixed", "classifier", tokenizer, (5, 31))
    model, free = runtime.load(tmp_path / "fixed"), runtime.load(exports / "classifier")
    assert model.batch_size == 5
    for ours, theirs in zip(model.classify(TEXTS), free.classify(TEXTS), strict=True):
        # Sums in another order.
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_a_gap_too_many_for_a_fixed_size_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    write_export(tmp_path / "fixed", "filler", tokenizer, (1, 31))
    model = runtime.load(tmp_path / "fixed")
    assert len(model.fill_mask("[MASK]" * 20)) == 20
    with pytest.raises(ValueError, match=r"mask_positions must be at most \[1, 20\]; got \[1, 21"):
        model.fill_mask("[MASK]" * 21)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": {"token_ids": {"dtype": "int32", "shape": [1, None]}}}, "about inputs"),
        ({"outputs": {"logits": {"dtype": "float32", "shape": [1, 3]}}}, "about outputs"),
        ({"task": {"task": "embeddings"}}, "about what a model of its task answers"),
        ({"task": {"task": "masked_lm"}}, "about what a model of its task reads"),
        (
            {"task": {"task": "question_answering", "null_threshold": 10**400}},
            "question_answering has wrong settings",
        ),
        ({"special_ids": {"pad": 9}}, "about special_ids"),
        ({"task": {"task": "classification", "labels": ["a", "b"]}}, "labels must be 3, .* got 2"),
        ({"task": {"task": "classification", "labels": 7}}, "labels must not be 7"),
        ({"task": {"task": "poetry"}}, "unknown task 'poetry'"),
        ({"signature": "other"}, "not a usable LiteRT model"),
        ({"vocabulary": []}, "must hold the vocabulary that contract.json lists"),
    ],
)
def test_a_contract_that_disagrees_with_the_folder_is_refused(
    exports: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    folder = shutil.copytree(exports / "classifier", tmp_path / "copy")
    path = folder / "contract.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(ValueError, match=words):
        runtime.load(folder)


def test_an_input_of_another_name_is_refused(exports: Path, tmp_path: Path) -> None:
    """The contract and the file may agree, and still not be what answers a text."""
    folder = shutil.copytree(exports / "classifier", tmp_path / "copy")
    model, path = folder / "model.tflite", folder / "contract.json"
    model.write_bytes(model.read_bytes().replace(b"token_ids", b"input_ids"))
    values = json.loads(path.read_text().replace("token_ids", "input_ids"))
    path.write_text(json.dumps({**values, "model": asdict(FileRecord.of(model))}))
    with pytest.raises(ValueError, match="about what a model of its task reads"):
        runtime.load(folder)


def test_an_endless_answer_is_as_long_as_its_window(exports: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exports / "answerer", tmp_path / "copy")
    path = folder / "contract.json"
    values = json.loads(path.read_text())
    values["task"]["max_answer_length"] = 10**12
    path.write_text(json.dumps(values))
    passage = "At dawn Mina was in the kitchen."
    endless = runtime.load(folder).answer("Where?", passage)
    values["task"]["max_answer_length"] = 40
    path.write_text(json.dumps(values))
    assert endless == runtime.load(folder).answer("Where?", passage)
    values["task"]["max_answer_length"] = 1  # the control
    path.write_text(json.dumps(values))
    assert endless != runtime.load(folder).answer("Where?", passage)


def test_a_fixed_size_that_the_task_exceeds_is_refused(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    contract = write_export(tmp_path / "fixed", "classifier", tokenizer, (1, 13))
    assert contract.inputs["token_ids"].shape == (1, 13)
    with pytest.raises(ValueError, match=r"sequence_length must be at most 13, .*; got 31"):
        runtime.load(tmp_path / "fixed")


def test_a_planted_vocabulary_is_refused(exports: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exports / "classifier", tmp_path / "copy")
    (folder / "vocab.txt").write_text("[PAD]\n")
    with pytest.raises(ValueError, match=r"it holds \['spiece.model', 'vocab.txt'\]"):
        runtime.load(folder)


def test_no_thread_is_too_few(exports: Path) -> None:
    with pytest.raises(ValueError, match="num_threads must be at least 1; got 0"):
        runtime.load(exports / "classifier", num_threads=0)


def test_the_examples_of_the_readme_run(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.split("## On a device")[1], re.DOTALL)
    code = "\n".join(block for block in blocks if "runtime.load" in block)
    assert {f"model.{name}(" for name in CALLS} <= set(re.findall(r"model\.\w+\(", code))
    monkeypatch.chdir(tmp_path)
    for name in OWN:
        shutil.copytree(exports / name, tmp_path / "runs" / f"{name}-int8")
    exec(code, {})
    assert capsys.readouterr().out


def test_the_model_says_what_it_is(exports: Path) -> None:
    model: EdgeModel = runtime.load(exports / "classifier")
    assert model.contract.recipe == "float32"
    assert sorted(model.contract.inputs) == sorted(NAMES)
