"""One exported folder of each kind."""

from pathlib import Path

import pytest

from albert_tf.text.tokenizer import Tokenizer
from tests.runtime.exports import ANSWERS, write_export


@pytest.fixture(scope="package")
def exports(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Folders `classifier`, `answerer`, `embedder` and `filler`."""
    folder = tmp_path_factory.mktemp("exports")
    for name in ANSWERS:
        write_export(folder / name, name, tokenizer)
    return folder
