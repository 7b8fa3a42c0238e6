"""Trains a SentencePiece vocabulary with ALBERT's special ids in place.

sentences  ->  [vocabulary.train_vocabulary]  ->  spiece.model  ->  tokenizer
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from albert_tf.text.tokenizer import SENTENCEPIECE_FILE


def train_vocabulary(
    sentences: Iterable[str],
    directory: str | Path,
    *,
    vocab_size: int = 30_000,
    lower_case: bool = True,
) -> Path:
    """Trains a Unigram model and writes `spiece.model` into `directory`.

    The cleaning (NFKC, white space, and lower case if asked) is stored in the file, so
    every reader of it agrees. Ids: <pad> 0, <unk> 1, [CLS] 2, [SEP] 3, [MASK] 4.

    Args:
        sentences: Training text, one sentence or line each.
        directory: Made if absent.
        vocab_size: Upper bound of pieces; a small corpus yields fewer.
        lower_case: Whether the vocabulary ignores case.

    Returns:
        The path of the file written.

    Raises:
        FileExistsError: the folder holds a vocabulary, which its models depend on.
        ValueError: the text is empty, or has more characters than `vocab_size` pieces.

    Source: google-research/albert README, section "SentencePiece".
    """
    path = Path(directory) / SENTENCEPIECE_FILE
    if path.exists():
        raise FileExistsError(f"{path} exists, and models may depend on it; choose another folder.")
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=0.99995,
            max_sentence_length=1_000_000,  # bytes; the default leaves longer lines out unsaid
            normalization_rule_name="nmt_nfkc_cf" if lower_case else "nmt_nfkc",
            pad_id=0,
            unk_id=1,
            bos_id=-1,
            eos_id=-1,
            pad_piece="<pad>",
            unk_piece="<unk>",
            control_symbols=["[CLS]", "[SEP]", "[MASK]"],
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        raise ValueError(f"the text gave no vocabulary of {vocab_size} pieces: {error}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.getvalue())
    return path
