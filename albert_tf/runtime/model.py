"""Answers from an exported folder with NumPy, the tokenizer and LiteRT; never TensorFlow.

export.bundle  ->  [model.load]  ->  answers
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.runtime.contract import read_contract
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import TaskModel, task_from_dict
from albert_tf.text.tokenizer import load_tokenizer


def load(directory: str | Path, threads: int = 2) -> TaskModel:
    """Opens an exported folder.

    Args:
        directory: As `albert-tf export` writes it.
        threads: CPU threads.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged or the contract is not of this version.
    """
    directory = Path(directory)
    contract = read_contract(directory)
    engine = Engine(directory / contract.model.name, contract.signature, threads)
    return TaskModel(task_from_dict(contract.task), load_tokenizer(directory), engine.run)
