"""The files of a vocabulary in a folder of a model.

[vocabulary_files]  ->  tokenizer, wordpiece
"""

from __future__ import annotations

from pathlib import Path

SENTENCEPIECE_FILE = "spiece.model"
WORDPIECE_FILE = "vocab.txt"
TOKENIZER_OPTIONS_FILE = "tokenizer_config.json"
VOCABULARY_FILES = (SENTENCEPIECE_FILE, WORDPIECE_FILE, TOKENIZER_OPTIONS_FILE)


def write(content: bytes, target: Path) -> None:
    """Writes a file, unless it is there already; the folder is made if absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
