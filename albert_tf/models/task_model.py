"""What every model with heads on a backbone shares: how it is built, compiled and saved.

backbone  ->  [task_model.AlbertTask]  ->  pretrainer, classifier, question_answerer, ...
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import keras_hub

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.preprocessing import AlbertPreprocessor


class AlbertTask:
    """A backbone with heads whose outputs are logits of classes.

    A mixin: what it stands before is KerasHub's `Task` or a kind of it.

    Args:
        inputs: Keras inputs by name.
        outputs: Logits by name; each is a head of its own.
        backbone: The body.
        preprocessor: What makes inputs of texts, so that `fit`, `evaluate` and `predict` take
            texts as well as dicts of arrays; None for arrays alone.
    """

    backbone_cls = AlbertBackbone
    preprocessor_cls = AlbertPreprocessor
    output: dict[str, Any]
    # Weight of each head's loss in their sum; 1 where it is not stated.
    head_weights: ClassVar[dict[str, float] | None] = None

    def __init__(
        self,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
        backbone: AlbertBackbone,
        preprocessor: AlbertPreprocessor | None = None,
        **kwargs: Any,
    ) -> None:
        # Named outright, for a parent in between may take other arguments.
        keras_hub.models.Task.__init__(self, inputs=inputs, outputs=outputs, **kwargs)
        self.backbone = backbone
        self.preprocessor = preprocessor

    def compile(
        self,
        optimizer: Any = "auto",
        loss: Any = None,
        *,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Compiles with cross-entropy and accuracy of every head, unless told otherwise.

        Args:
            optimizer: As in Keras; "auto" is AdamW with a rate of 5e-5, for fine-tuning.
            loss: As in Keras; by default each head's cross-entropy, the mean over its own
                sample weights.
            loss_weights: As in Keras.
            metrics: As in Keras.
            weighted_metrics: As in Keras; by default each head's accuracy.
            **kwargs: As in Keras.
        """
        if optimizer == "auto":
            optimizer = keras.optimizers.AdamW(5e-5)
        if loss is None:
            loss = {name: cross_entropy() for name in self.output}
            loss_weights = loss_weights or self.head_weights
        if metrics is None and weighted_metrics is None:
            accuracy = keras.metrics.SparseCategoricalAccuracy
            weighted_metrics = {name: [accuracy(name="accuracy")] for name in self.output}
        keras_hub.models.Task.compile(
            self,
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )

    def preprocess_samples(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Makes inputs of texts; a dict of arrays stays as it is."""
        if self.preprocessor is None or isinstance(x, dict):
            return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
        return self.preprocessor(x, y=y, sample_weight=sample_weight)

    def vocabulary(self, method: str) -> tuple[Any, int]:
        """The tokenizer and the longest input of the preprocessor, which `method` needs.

        Raises:
            ValueError: there is no preprocessor, and so no vocabulary.
        """
        if self.preprocessor is None:
            raise ValueError(f"{method} needs a model with a preprocessor; this one has none.")
        return self.preprocessor.text_tokenizer, self.preprocessor.sequence_length

    def run(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The logits of one batch of arrays, as arrays; what `tasks.task.Run` asks for."""
        outputs = self(batch, training=False)  # type: ignore[operator]  # a Keras model
        return {name: keras.ops.convert_to_numpy(output) for name, output in outputs.items()}

    def get_config(self) -> dict[str, Any]:
        return dict(keras_hub.models.Task.get_config(self))


def cross_entropy() -> keras.losses.Loss:
    """Cross-entropy of logits, averaged over the sample weights."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
