"""Makes SentencePiece vocabularies that read raw text, with ALBERT's special ids in place.

sentences       ->  [vocabulary.train_vocabulary]  ->  spiece.model  ->  tokenizer
released model  ->  [vocabulary.adopt_vocabulary]  ->  spiece.model  ->  tokenizer
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import sentencepiece

from albert_tf.text.normalization import clean_text, is_cleaned, read_model, with_cleaning
from albert_tf.text.vocabulary_files import SENTENCEPIECE_FILE

_CONTROLS = ["[CLS]", "[SEP]", "[MASK]"]
_LONGEST_PART = 100_000  # characters, of up to 9 bytes when they are decomposed


def train_vocabulary(
    sentences: Iterable[str],
    directory: str | Path,
    *,
    vocab_size: int = 30_000,
    cased: bool = False,
    keep_accents: bool = False,
) -> Path:
    """Trains a Unigram model and writes `spiece.model` into `directory`.

    The cleaning is that of the released models (`normalization.clean_text`) and is stored
    in the file, so every reader of it agrees. A digit and a comma are never one piece.
    Ids: <pad> 0, <unk> 1, [CLS] 2, [SEP] 3, [MASK] 4.

    Args:
        sentences: Training text, one sentence or line each.
        directory: Made if absent.
        vocab_size: Upper bound of pieces; a small corpus yields fewer.
        cased: Whether capitals stay capitals.
        keep_accents: Whether characters keep their accents.

    Returns:
        The path of the file written.

    Raises:
        FileExistsError: the folder holds a vocabulary, which its models depend on.
        ValueError: the text is empty, or has more characters than `vocab_size` pieces.

    Source: google-research/albert README, section "SentencePiece".
    """
    path = _new_path(directory)
    clean = partial(clean_text, cased=cased, keep_accents=keep_accents)
    model = io.BytesIO()
    stopped: list[BaseException] = []
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_parts(map(clean, sentences), stopped),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=0.99995,
            max_sentence_length=1_000_000,  # bytes; longer ones are left out unsaid, so none is
            normalization_rule_name="nmt_nfkc",
            pad_id=0,
            unk_id=1,
            bos_id=-1,
            eos_id=-1,
            pad_piece="<pad>",
            unk_piece="<unk>",
            control_symbols=_CONTROLS,
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        if stopped:  # the trainer makes its own error of whatever ends its text
            raise stopped[0] from None
        raise ValueError(f"the text gave no vocabulary of {vocab_size} pieces: {error}") from error
    content = with_cleaning(model.getvalue(), cased=cased, keep_accents=keep_accents)
    return _write(path, content)


def _parts(texts: Iterable[str], stopped: list[BaseException]) -> Iterator[str]:
    """Cuts texts at spaces, where they are longer than the trainer takes.

    Args:
        texts: Cleaned.
        stopped: Receives what ends them before their end.
    """
    try:
        for text in texts:
            start = 0
            while len(text) - start > _LONGEST_PART:
                space = text.rfind(" ", start, start + _LONGEST_PART)
                end = space if space > start else start + _LONGEST_PART
                yield text[start:end]
                start = end
            yield text[start:]
    except BaseException as error:
        if not isinstance(error, GeneratorExit):  # of a trainer that wants no more
            stopped.append(error)
        raise


def adopt_vocabulary(
    source: str | Path,
    directory: str | Path,
    *,
    cased: bool = False,
    keep_accents: bool = False,
) -> Path:
    """Writes a released SentencePiece model as a `spiece.model` that reads raw text.

    The released models expect cleaned text. The file written cleans text itself; ids stay
    as they are. The options must be those the model was trained with.

    Args:
        source: A Unigram model such as `30k-clean.model`.
        directory: Made if absent.
        cased: Whether capitals stay capitals (`do_lower_case` false).
        keep_accents: Whether characters keep their accents.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: there is no `source`.
        FileExistsError: the folder holds a vocabulary, which its models depend on.
        ValueError: `source` is no Unigram model, has its special pieces elsewhere, or
            carries the cleaning already.

    Source: google-research/albert tokenization.py.
    """
    path, source = _new_path(directory), Path(source)
    model = read_model(source)
    if not model.is_unigram:
        raise ValueError(f"{source} must be a Unigram model, as ALBERT's are.")
    if is_cleaned(source):
        raise ValueError(f"{source} carries the cleaning already; copy it as it is.")
    pieces = [piece.text for piece in model.pieces]
    if pieces[:2] != ["<pad>", "<unk>"]:
        raise ValueError(f"{source} must begin with <pad> and <unk>; it begins with {pieces[:2]}.")
    missing = [piece for piece in _CONTROLS if piece not in pieces]
    if missing:
        raise ValueError(f"{source} has no piece {', '.join(missing)}.")
    content = with_cleaning(source.read_bytes(), cased=cased, keep_accents=keep_accents)
    return _write(path, content)


def _new_path(directory: str | Path) -> Path:
    path = Path(directory) / SENTENCEPIECE_FILE
    if path.exists():
        raise FileExistsError(f"{path} exists, and models may depend on it; choose another folder.")
    return path


def _write(path: Path, content: bytes) -> Path:
    """Writes the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f"{path.name}.partial")
    partial_path.write_bytes(content)
    return partial_path.rename(path)
