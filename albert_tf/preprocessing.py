"""Makes inputs of raw texts inside the graph, so that models fit, predict and are served on text.

text, graph_text  ->  [preprocessing.AlbertPreprocessor]  ->  models, export.saved_model

Shape letters: B texts, N tokens of a text, T tokens of the longest packed sequence.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import keras_hub

from albert_tf.text.tokenizer import Tokenizer, load_tokenizer
from albert_tf.text.vocabulary_files import VOCABULARY_FILES


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertPreprocessor(keras_hub.models.Preprocessor):
    """Turns texts, or pairs of texts, into the inputs of a model, inside the graph.

    The ids are those of `text.tokenizer`; pairs that are too long lose tokens of the longer
    text first, as in `examples.packing.truncate`.

    Args:
        vocabulary: Folder of the vocabulary, or a tokenizer that is open. None only while a
            saved model is being opened.
        sequence_length: Longest input in tokens, special tokens included.

    Inputs: strings [B], or a tuple of two for pairs.

    Output, as a dict: `token_ids`, `segment_ids` and `padding_mask`, int32 [B, T]; with `y` and
    `sample_weight` if they are given.

    Raises:
        ValueError: there is no room for a token of each text, or the input is one string.
    """

    def __init__(
        self,
        vocabulary: str | Path | Tokenizer | None = None,
        sequence_length: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sequence_length < 5:
            raise ValueError(f"sequence_length must be at least 5; got {sequence_length}.")
        self.sequence_length = sequence_length
        opened = load_tokenizer(vocabulary) if isinstance(vocabulary, str | Path) else vocabulary
        self._text_tokenizer = opened

    @property
    def text_tokenizer(self) -> Tokenizer:
        """The Python reader of the same vocabulary, which knows spans too."""
        if self._text_tokenizer is None:
            raise ValueError("this model was saved without a vocabulary; give it token_ids.")
        return self._text_tokenizer

    @cached_property
    def graph_tokenizer(self) -> Any:
        """The reader inside the graph; `tokenize` makes int32 ragged [B, N] of strings [B]."""
        # Texts alone need TensorFlow: arrays are answered and trained on without it.
        import tensorflow as tf

        from albert_tf.graph_text import graph_tokenizer

        with tf.init_scope():
            return graph_tokenizer(self.text_tokenizer)

    def call(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        import tensorflow as tf

        from albert_tf.graph_text import pack

        texts = [tf.convert_to_tensor(text, tf.string) for text in (x if type(x) is tuple else [x])]
        if any(text.shape.rank != 1 for text in texts):
            raise ValueError(f"x must be a list of texts, or a tuple of two; got {x!r}.")
        segments = [self.graph_tokenizer.tokenize(text) for text in texts]
        inputs = pack(segments, self.text_tokenizer.special, self.sequence_length)
        return keras.utils.pack_x_y_sample_weight(inputs, y, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sequence_length": self.sequence_length}

    def save_to_preset(self, preset_dir: str) -> None:
        """Writes the settings and the vocabulary into the folder of a model."""
        super().save_to_preset(preset_dir)
        self.save_assets(preset_dir)

    def save_assets(self, dir_path: str) -> None:
        """Writes the vocabulary into a `.keras` file."""
        if self._text_tokenizer is not None:
            self._text_tokenizer.save(Path(dir_path))

    def load_assets(self, dir_path: str) -> None:
        """Opens the vocabulary in a `.keras` file, if it has one."""
        self.load_preset_assets(dir_path)

    def load_preset_assets(self, preset: str) -> None:
        """Opens the vocabulary in the folder of a model, if it has one."""
        self._text_tokenizer = _vocabulary_of(preset)

    @classmethod
    def _add_missing_kwargs(cls, loader: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {"vocabulary": _vocabulary_of(loader.preset), **kwargs}


def _vocabulary_of(preset: str) -> Tokenizer | None:
    """The vocabulary of a folder, or of a handle such as hf://user/model; None without one."""
    try:
        return load_tokenizer(_fetched(preset) if "://" in preset else preset)
    except FileNotFoundError:
        return None


def _fetched(handle: str) -> Path:
    """The folder that the vocabulary of a handle is fetched to; none that exists without one."""
    from keras_hub.src.utils.preset_utils import get_file  # it has no public name

    found = []
    for name in VOCABULARY_FILES:
        with suppress(FileNotFoundError):
            found.append(Path(get_file(handle, name)))
    return found[0].parent if found else Path(handle)
