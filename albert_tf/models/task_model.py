"""What every model with heads on a backbone shares: how it is built, compiled and saved.

backbone  ->  [task_model.AlbertTask]  ->  pretrainer, classifier, question_answerer, ...
"""

from __future__ import annotations

from types import GeneratorType
from typing import Any, ClassVar

import keras
import keras_hub

from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.objectives import Objectives
from albert_tf.preprocessing import AlbertPreprocessor


class _KerasTraining:
    """Training as Keras has it, which on backends other than TensorFlow sees whole batches."""

    def prepare_training(self, micro_batches: int, settings: dict[str, Any]) -> dict[str, Any]:
        if micro_batches != 1:
            raise ValueError(
                f"micro_batches must be 1 on the backend {keras.backend.backend()}; got "
                f"{micro_batches}."
            )
        return settings

    def check_training(self) -> None:
        """Nothing is refused."""

    def add_up(self, value: Any) -> Any:
        return value


_Training: Any = _KerasTraining
if keras.backend.backend() == "tensorflow":
    from albert_tf.models.global_batch import GlobalBatchTraining

    _Training = GlobalBatchTraining


class AlbertTask(_Training):
    """A backbone with heads whose outputs are logits of classes.

    A mixin: what it stands before is KerasHub's `Task` or a kind of it.

    Args:
        inputs: Keras inputs by name.
        outputs: Logits by name; each is a head of its own.
        backbone: The body.
        preprocessor: What makes inputs of texts, so that `fit`, `evaluate` and `predict` of a
            model that reads texts alone take them as well as dicts of arrays; None for arrays
            alone.
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
        # Before the rest, which takes the dtype policy from the body.
        self.backbone = backbone
        self.preprocessor = preprocessor
        # Named outright, for a parent in between may take other arguments.
        keras_hub.models.Task.__init__(self, inputs=inputs, outputs=outputs, **kwargs)

    @classmethod
    def from_preset(cls, preset: str, load_weights: bool = True, **kwargs: Any) -> Any:
        """As in KerasHub, which by itself does not open what was trained in mixed precision."""
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = keras.config.dtype_policy()
        return keras_hub.models.Task.from_preset.__func__(cls, preset, load_weights, **kwargs)

    def compile(
        self,
        optimizer: Any = "auto",
        loss: Any = None,
        *,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        micro_batches: int = 1,
        **kwargs: Any,
    ) -> None:
        """Compiles with cross-entropy and accuracy of every head, unless told otherwise.

        Args:
            optimizer: As in Keras; "auto" is AdamW with a rate of 5e-5, for fine-tuning.
            loss: A Keras loss or its name, or a dict of them by head. Every head's loss is the
                mean over its sample weights in the whole batch, on however many devices. Only
                cross-entropies of classes come with accuracies.
            loss_weights: Weight of each head's loss, a dict by head.
            metrics: As in Keras, in place of the accuracies.
            weighted_metrics: As in Keras, in place of the accuracies.
            micro_batches: Parts that a batch is computed in, one after the other, to save
                memory; the update is that of the whole batch. On TensorFlow only.
            **kwargs: As in Keras.

        Raises:
            ValueError: a loss for another head, or micro-batches on another backend.
        """
        if optimizer == "auto":
            optimizer = keras.optimizers.AdamW(5e-5)
        own = metrics is None and weighted_metrics is None
        weights = self.head_weights if loss is None and loss_weights is None else loss_weights
        self.objectives = Objectives(self.output, loss, weights, accuracies=own)
        kwargs = self.prepare_training(micro_batches, kwargs)
        # Keras is told of no loss: compute_loss is ours.
        keras_hub.models.Task.compile(
            self, optimizer=optimizer, loss=None, metrics=metrics,
            weighted_metrics=weighted_metrics, **kwargs,
        )  # fmt: skip
        self.check_training()

    @property
    def metrics(self) -> list[Any]:
        """Those of Keras, and those of the heads."""
        ours = self.objectives.metrics if self.compiled else []
        return [*keras_hub.models.Task.metrics.fget(self), *ours]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch, or this device's addend of it; updates the heads' metrics."""
        weights = self.objectives.weights(y, sample_weight)
        losses = self.objectives.losses(y, y_pred)
        self.objectives.update(y, y_pred, losses, weights)
        shares = self.objectives.shares(weights, self.add_up)
        total = self.objectives.total(losses, shares)
        return total + sum(self.losses) if self.losses else total

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *,
        validation_data: Any = None,
        **kw: Any,
    ) -> Any:
        """As in Keras. KerasHub's own takes neither a `PyDataset` nor a generator.

        Those make arrays, not texts; where `x` or `validation_data` is one, so does the other.
        """
        watched = validation_data[0] if isinstance(validation_data, tuple) else validation_data
        return _road(x, watched).fit(self, x, y, batch_size, validation_data=validation_data, **kw)

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, **kw: Any
    ) -> Any:
        """As in Keras; see `fit`."""
        return _road(x).evaluate(self, x, y, batch_size, **kw)

    def predict(self, x: Any = None, batch_size: int | None = None, **kw: Any) -> Any:
        """As in Keras; see `fit`."""
        return _road(x).predict(self, x, batch_size, **kw)

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

    def score_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs for inputs [B, T] that are answered each by itself."""
        return dict(self(inputs, training=False))

    def run(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The outputs of one batch of arrays, as arrays; what `tasks.task.Run` asks for."""
        outputs = self.score_inputs(batch)
        return {name: keras.ops.convert_to_numpy(output) for name, output in outputs.items()}

    def get_config(self) -> dict[str, Any]:
        return dict(keras_hub.models.Task.get_config(self))


def _road(*data: Any) -> Any:
    """Whose `fit` takes such data; KerasHub's is for texts, and needs TensorFlow for arrays too."""
    arrays: tuple[type, ...] = (keras.utils.PyDataset, GeneratorType)
    if keras.backend.backend() != "tensorflow":
        arrays += (dict,)
    straight = any(isinstance(given, arrays) for given in data)
    return keras.Model if straight else keras_hub.models.Task
