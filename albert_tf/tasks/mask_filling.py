"""Words for the gaps of a text, as a pretrained model guesses them.

text with [MASK]s  ->  [mask_filling.MaskFillingTask]  <-  any Run of a model with a masked-LM head

Shape letters: B texts, T tokens, M gaps, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from albert_tf.examples.packing import Ints, pack
from albert_tf.tasks.classification import TextExample, softmax
from albert_tf.tasks.task import Floats, Run, TaskModel, Window
from albert_tf.tasks.texts import check_room
from albert_tf.tasks.unscored import UnscoredTask
from albert_tf.text.tokenizer import Tokenizer

MASK = "[MASK]"
_WORD = "a"


@dataclass(frozen=True)
class Guess:
    """A piece of the vocabulary that may stand in a gap."""

    piece: str
    probability: float


@dataclass(frozen=True)
class GapPrediction:
    """What may stand in the gaps of a text."""

    gaps: list[list[Guess]]  # of each gap in the order of the text, likeliest first


@dataclass(frozen=True)
class GapWindow(Window):
    """A text with gaps, and the vocabulary that names what may stand there."""

    gaps: int = field(kw_only=True)  # M
    tokenizer: Tokenizer = field(kw_only=True)


def _behind_gap(text: str, token_ids: list[int], tokenizer: Tokenizer) -> list[int]:
    """The tokens of what follows a gap.

    SentencePiece puts a space before every text. A word keeps it, for pretraining hides whole
    words; a mark is read as behind a word.

    Args:
        text: What follows.
        token_ids: It alone, encoded.
        tokenizer: Of the model.
    """
    if not text[:1].strip() or text[0].isalnum():
        return token_ids
    word, both = tokenizer.encode_ids([_WORD, _WORD + text])
    return both[len(word) :] if both[: len(word)] == word else token_ids


@dataclass(frozen=True)
class MaskFillingTask(UnscoredTask):
    """Pieces for each [MASK] of a text: here, and only here, it is a token.

    Raises:
        ValueError: `top` is below 1, or there is no room for a text.
    """

    name: ClassVar[str] = "masked_lm"
    needs: ClassVar[str] = MASK
    text_column: str = "text"
    sequence_length: int = 512
    top: int = 5  # guesses for each gap

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ValueError(f"top must be at least 1; got {self.top}.")
        check_room(self.sequence_length)

    def windows(self, example: TextExample, tokenizer: Tokenizer) -> list[Window]:
        """Packs one text.

        Raises:
            ValueError: no [MASK], a text that is too long, or a pair.
        """
        if example.pair is not None:
            raise ValueError("gaps are filled in one text, not in a pair.")
        parts = example.text.split(MASK)
        if len(parts) == 1:
            raise ValueError(f"text must hold a {MASK}; got {example.text!r}.")
        ids, *others = tokenizer.encode_ids(parts)
        for part, following in zip(parts[1:], others, strict=True):
            ids += [tokenizer.special.mask, *_behind_gap(part, following, tokenizer)]
        if len(ids) > self.sequence_length - 2:
            raise ValueError(
                f"text must have at most {self.sequence_length - 2} tokens; "
                f"this one has {len(ids)}."
            )
        packed = pack(ids, None, tokenizer.special)
        return [GapWindow(packed, gaps=len(others), tokenizer=tokenizer)]

    def decode(
        self,
        example: TextExample,
        windows: Sequence[Window],
        outputs: Sequence[dict[str, Floats]],
    ) -> GapPrediction:
        """Returns the likeliest pieces of each gap.

        Raises:
            TypeError: the windows are those of another task.
        """
        (window,), (output,) = windows, outputs
        if not isinstance(window, GapWindow):
            raise TypeError(f"windows must be those of this task; got {type(window).__name__}.")
        tokenizer = window.tokenizer
        probabilities = softmax(output["mlm"][: window.gaps])  # [M, V]
        # A table may have more rows than the vocabulary has pieces.
        best = np.argsort(-probabilities[:, : tokenizer.vocab_size], kind="stable")[:, : self.top]
        return GapPrediction([
            [Guess(tokenizer.piece(token), float(row[token])) for token in map(int, tokens)]
            for row, tokens in zip(probabilities, best, strict=True)
        ])

    def agreement(self, expected: Sequence[GapPrediction], found: Sequence[GapPrediction]) -> float:
        """Of all gaps, those where the first guess is the one expected, in percent."""
        before, after = (
            [guesses[0].piece for answer in answers for guesses in answer.gaps]
            for answers in (expected, found)
        )
        return 100 * float(np.mean(np.array(before) == np.array(after)))


def at_gaps(run: Run, mask_id: int) -> Run:
    """Tells a model where the gaps are.

    Args:
        run: Takes `mask_positions`, int32 [B, M], beside the other inputs.
        mask_id: The id of [MASK].

    Returns:
        A `Run` that takes the others alone. Texts with fewer gaps than M are asked about
        other places as well, after their own.
    """

    def read(batch: dict[str, Ints]) -> dict[str, Floats]:
        others = batch["token_ids"] != mask_id  # [B, T]
        most = int((~others).sum(axis=1).max())
        positions = np.argsort(others, axis=1, kind="stable")[:, :most]  # [B, M]
        return run({**batch, "mask_positions": positions.astype(np.int32)})

    return read


def fill_masks(
    text: str, tokenizer: Tokenizer, run: Run, *, sequence_length: int = 512, top: int = 5
) -> list[list[Guess]]:
    """Guesses the piece behind each [MASK] of a text.

    Args:
        text: With at least one [MASK].
        tokenizer: The vocabulary of the model.
        run: The model, which takes `mask_positions`, int32 [B, M], beside the other inputs.
        sequence_length: Longest input in tokens, special tokens included.
        top: Guesses for each gap, at least 1.

    Returns:
        For each of the M gaps, in the order of the text, its guesses, likeliest first.

    Raises:
        ValueError: no [MASK], a text that is too long, or `top` below 1.
    """
    task = MaskFillingTask(sequence_length=sequence_length, top=top)
    model = TaskModel(task, tokenizer, at_gaps(run, tokenizer.special.mask))
    prediction: GapPrediction = model.predict(TextExample(text))
    return prediction.gaps
