"""The files of a vocabulary in a folder of a model.

[vocabulary_files]  ->  tokenizer, wordpiece
"""

from __future__ import annotations

import shutil
from pathlib import Path

SENTENCEPIECE_FILE = "spiece.model"
WORDPIECE_FILE = "vocab.txt"
TOKENIZER_OPTIONS_FILE = "tokenizer_config.json"
VOCABULARY_FILES = (SENTENCEPIECE_FILE, WORDPIECE_FILE, TOKENIZER_OPTIONS_FILE)


def copy(source: Path, target: Path) -> None:
    """Copies a file, unless it is there already; the folder is made if absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.resolve() != target.resolve():
        shutil.copyfile(source, target)
