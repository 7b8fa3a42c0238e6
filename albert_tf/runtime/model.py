"""Answers from an exported folder with NumPy, the tokenizer and LiteRT; never TensorFlow.

export.bundle  ->  [model.load]  ->  answers

Shape letters: N texts, H hidden, B inputs of one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from albert_tf.runtime.contract import CONTRACT_FILE, Contract, TensorRecord, read_contract
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.classification import ClassificationTask, ClassPrediction, TextExample
from albert_tf.tasks.mask_filling import Guess, at_gaps
from albert_tf.tasks.squad import AnswerPrediction, QuestionExample
from albert_tf.tasks.task import Floats, Run, Task, TaskModel, task_from_dict
from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary_files import VOCABULARY_FILES

_READ = {"token_ids": 2, "segment_ids": 2, "padding_mask": 2}
# Inputs and outputs of a file, by what it answers, with how many sizes each has.
_INPUTS = {"masked_lm": {**_READ, "mask_positions": 2}}
_OUTPUTS = {
    "classification": {"probabilities": 2},
    "regression": {"score": 1},
    "multiple_choice": {"logits": 2},
    "question_answering": {"start": 2, "end": 2},
    "embeddings": {"mean_output": 2, "pooled_output": 2},
    "masked_lm": {"mlm": 3},
}
_PRETRAINED = ("embeddings", "masked_lm")


@dataclass(frozen=True)
class EdgeModel(TaskModel):
    """An exported model, ready to answer.

    One model may be used by many threads; they get the answers that one would, and take turns.
    Texts of a list are read some at a time, in the order of their lengths, and answered in the
    order they came.

    `classify`, `answer`, `embed` and `fill_mask` each need a file of that kind; `predict` and
    `predict_all` take the examples of any task.
    """

    contract: Contract = field(kw_only=True)

    def classify(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[ClassPrediction]:
        """Labels texts.

        Args:
            texts: N texts.
            pairs: The second text of each, for a model of pairs.

        Returns:
            The likeliest label of each and the probability of all.

        Raises:
            TypeError: the file is of another kind, or `texts` is not a list of strings.
            ValueError: `pairs` are not as many, or missing for a model of pairs, or a text holds
                a lone surrogate.
        """
        self._require("classify", "classification")
        _check_list("texts", texts)
        if pairs is not None:
            _check_list("pairs", pairs)
            if len(pairs) != len(texts):
                raise ValueError(
                    f"texts and pairs must be equally many; got {len(texts)} and {len(pairs)}."
                )
        seconds = [None] * len(texts) if pairs is None else pairs
        return list(self.predict_all(map(TextExample, texts, seconds)))

    def answer(self, question: str, context: str) -> AnswerPrediction:
        """Finds the answer to a question in a passage of any length.

        Returns:
            The words of the passage, their place in it, and their score.

        Raises:
            TypeError: the file is of another kind, or an argument is not a string.
            ValueError: a text holds a lone surrogate.
        """
        self._require("answer", "question_answering")
        _check_list("question and context", [question, context])
        answer: AnswerPrediction = self.predict(QuestionExample(question, context))
        return answer

    def embed(self, texts: Sequence[str], pooling: str = "mean") -> Floats:
        """Turns texts into vectors.

        Args:
            texts: N texts, of which the first tokens are read.
            pooling: "mean" of the hidden states of all tokens, special ones included, or
                "pooled" for the output above [CLS].

        Returns:
            float32 [N, H].

        Raises:
            TypeError: the file is of another kind, or `texts` is not a list of strings.
            ValueError: another pooling, or a text holds a lone surrogate.
        """
        self._require("embed", "embeddings")
        _check_list("texts", texts)
        if pooling not in {"mean", "pooled"}:
            raise ValueError(f"pooling must be mean or pooled; got {pooling!r}.")
        width = self.contract.outputs[f"{pooling}_output"].shape[-1] or 0
        vectors = np.empty((len(texts), width), np.float32)
        for vector, found in zip(vectors, self.predict_all(map(TextExample, texts)), strict=True):
            vector[:] = getattr(found, pooling)
        return vectors

    def fill_mask(self, text: str, top: int = 5) -> list[list[Guess]]:
        """Guesses the piece behind each [MASK] of a text.

        Args:
            text: With at least one [MASK].
            top: Guesses for each of them.

        Returns:
            For each [MASK] its guesses, likeliest first.

        Raises:
            TypeError: the file is of another kind, or `text` is not a string.
            ValueError: no [MASK], more than a file of fixed length takes, a text that is too
                long or holds a lone surrogate, or `top` below 1.
        """
        self._require("fill_mask", "masked_lm")
        _check_list("text", [text])
        task: Task = replace(self.task, top=top)  # type: ignore[type-var]
        gaps: list[list[Guess]] = replace(self, task=task).predict(TextExample(text)).gaps
        return gaps

    def _require(self, method: str, kind: str) -> None:
        if self.task.name == kind:
            return
        cure = f"a model fine-tuned for {kind}"
        if kind in _PRETRAINED:
            cure = f"a pretrained model with --head {kind}"
        raise TypeError(
            f"{method} needs a file for {kind}; this one is for {self.task.name}. Export {cure}."
        )


def load(directory: str | Path, num_threads: int = 2) -> EdgeModel:
    """Opens an exported folder, every file of which is checked first.

    Args:
        directory: As `albert-tf export` writes it.
        num_threads: CPU threads of one answer.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, the contract is not of this version, it and the model
            disagree, or `num_threads` is below 1.
    """
    directory = Path(directory)
    contract = read_contract(directory)
    task = task_from_dict(contract.task)
    engine = Engine(directory / contract.model.name, contract.signature, num_threads)
    _check_vocabulary(directory, contract)
    tokenizer = load_tokenizer(directory)
    for name, said, found in (
        ("inputs", contract.inputs, engine.inputs),
        ("outputs", contract.outputs, engine.outputs),
        ("what a model of its task reads", _INPUTS.get(task.name, _READ), _ranks(engine.inputs)),
        ("what a model of its task answers", _OUTPUTS[task.name], _ranks(engine.outputs)),
        ("special_ids", contract.special_ids, asdict(tokenizer.special)),
    ):
        if said != found:
            raise ValueError(
                f"{directory / CONTRACT_FILE} disagrees with the files beside it about {name}: "
                f"{said} against {found}. Export again."
            )
    _check_sizes(directory / CONTRACT_FILE, contract, task)
    rows = engine.inputs["token_ids"].shape[0] or 1
    return EdgeModel(task, tokenizer, text_run(engine, tokenizer), rows, contract=contract)


def text_run(engine: Engine, tokenizer: Tokenizer) -> Run:
    """What answers texts, gaps among them, where the file asks for their places."""
    if "mask_positions" in engine.inputs:
        return at_gaps(engine.run, tokenizer.special.mask)
    return engine.run


def _ranks(tensors: dict[str, TensorRecord]) -> dict[str, int]:
    """How many sizes each tensor has."""
    return {name: len(record.shape) for name, record in tensors.items()}


def _check_vocabulary(directory: Path, contract: Contract) -> None:
    """No file may be read that the contract has no checksum of."""
    listed = {record.name for record in contract.vocabulary}
    present = {name for name in VOCABULARY_FILES if (directory / name).exists()}
    if listed != present:
        raise ValueError(
            f"{directory} must hold the vocabulary that {CONTRACT_FILE} lists, {sorted(listed)}; "
            f"it holds {sorted(present)}. Export again."
        )


def _check_sizes(path: Path, contract: Contract, task: Task) -> None:
    """The task must fit the shapes of the model."""
    room = contract.inputs["token_ids"].shape[1]
    if room is not None and room < task.sequence_length:
        raise ValueError(
            f"{path}: sequence_length must be at most {room}, which the model takes; got "
            f"{task.sequence_length}. Export again."
        )
    if isinstance(task, ClassificationTask):
        classes = contract.outputs["probabilities"].shape[-1]
        if classes != len(task.labels):
            raise ValueError(
                f"{path}: labels must be {classes}, as many as the model tells apart; got "
                f"{len(task.labels)}. Export again."
            )


def _check_list(name: str, texts: Any) -> None:
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise TypeError(f"{name} must be a list of strings; got {type(texts).__name__}.")
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be text; got {type(text).__name__}.")
