"""[MASK] is a token where gaps are to be filled, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from albert_tf.examples.packing import Ints
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.pretrainer import AlbertPretrainer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.mask_filling import MaskFillingTask, fill_masks
from albert_tf.tasks.task import Floats
from albert_tf.text.tokenizer import Tokenizer
from tests.conftest import TINY


class Model:
    """Is sure of the piece before each gap, doubts every other, and remembers what it read."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.rows = tokenizer.vocab_size + 3  # a table may be longer than its vocabulary

    def __call__(self, batch: dict[str, Ints]) -> dict[str, Floats]:
        self.batch = batch
        gaps = batch["mask_positions"][0]
        logits = np.zeros((1, len(gaps), self.rows), np.float32)
        logits[0, :, -1] = 99.0  # a row that is no piece
        logits[0, np.arange(len(gaps)), batch["token_ids"][0, gaps - 1]] = 98.0
        return {"mlm": logits}


def test_each_gap_is_one_token_and_gets_its_guesses(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer)
    found = fill_masks("the [MASK] was at[MASK]", tokenizer, model, top=2)
    parts = [tokenizer.encode(part) for part in ("the", "was at")]
    mask, special = tokenizer.special.mask, tokenizer.special
    expected = [special.cls, *parts[0].token_ids, mask, *parts[1].token_ids, mask, special.sep]
    assert model.batch["token_ids"].tolist() == [expected]
    assert [guesses[0].piece for guesses in found] == [part.pieces[-1] for part in parts]
    assert [len(guesses) for guesses in found] == [2, 2]
    assert found[0][0].probability == pytest.approx(1 / (1 + np.e), abs=1e-6)
    # The control: as a text, the same words hold no mask.
    assert mask not in tokenizer.encode("the [MASK] was at[MASK]").token_ids


def test_a_mark_behind_a_gap_is_read_as_behind_a_word(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer)
    for text in ("the [MASK].", "[MASK]. the"):
        fill_masks(text, tokenizer, model)
        mark = text.partition("]")[2][0]
        ids = model.batch["token_ids"][0].tolist()
        after = ids[ids.index(tokenizer.special.mask) + 1]
        assert tokenizer.piece(after) == mark == tokenizer.encode(f"the{mark}").pieces[-1]
    # The control: behind a space it is read otherwise.
    fill_masks("the [MASK] .", tokenizer, model)
    assert tokenizer.piece(model.batch["token_ids"][0, -3]) == "\u2581"


def test_bad_requests_are_named(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer)
    with pytest.raises(ValueError, match=r"text must hold a \[MASK\]; got 'the lamp'"):
        fill_masks("the lamp", tokenizer, model)
    with pytest.raises(ValueError, match="top must be at least 1; got 0"):
        fill_masks("the [MASK]", tokenizer, model, top=0)
    with pytest.raises(ValueError, match="text must have at most 6 tokens; this one has 9"):
        fill_masks("[MASK]" * 9, tokenizer, model, sequence_length=8)


def test_a_pretrainer_fills_masks_after_it_was_saved(tokenizer: Tokenizer, tmp_path: Path) -> None:
    backbone = AlbertBackbone(replace(TINY, vocab_size=tokenizer.vocab_size))
    model = AlbertPretrainer(backbone, preprocessor=AlbertPreprocessor(tokenizer, 32))
    found = model.fill_masks("the [MASK] was here", top=3)
    assert [len(guesses) for guesses in found] == [3]
    model.save_to_preset(str(tmp_path))
    opened = AlbertPretrainer.from_preset(str(tmp_path))
    assert opened.fill_masks("the [MASK] was here", top=3) == found
    with pytest.raises(ValueError, match="fill_masks needs a model with a preprocessor"):
        AlbertPretrainer(backbone).fill_masks("the [MASK]")


def test_a_text_of_a_file_without_a_gap_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "texts.tsv").write_text("text\nso [MASK]\nso\n")
    texts = MaskFillingTask().stream(tmp_path / "texts.tsv")
    assert next(texts).text == "so [MASK]"
    with pytest.raises(ValueError, match=r"texts.tsv line 3: text must hold a \[MASK\]; got 'so'"):
        next(texts)
