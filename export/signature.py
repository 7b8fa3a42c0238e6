"""A saved model as one function: three named inputs, named outputs, any length.

saved model  ->  [signature.build_signature]  ->  convert  ->  quantize  ->  bundle

Shape letters: T tokens.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from albert_tf.export.lookup import as_lookups

INPUT_NAMES = ("token_ids", "segment_ids", "padding_mask")
SIGNATURE = "serving_default"


def build_signature(model: keras.Model) -> tf.Module:
    """Makes a model answer a batch of one of any length, with its encoder as a loop.

    The encoder's shared layer becomes the body of a WHILE operation, so a phone loads
    and packs it once however often it is applied.

    Args:
        model: A task model of this package. Its encoder is switched to `unroll=False`.

    Returns:
        A module whose `answer` takes int32 [1, T] inputs by name and gives the model's
        float32 outputs by name.
    """
    model.backbone.encoder.unroll = False
    shape = [1, None]

    def answer(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(model.score_inputs(inputs))

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    with as_lookups(model.backbone.embedding):
        module.answer = tf.function(answer, input_signature=None).get_concrete_function(**{
            name: tf.TensorSpec(shape, tf.int32, name=name) for name in INPUT_NAMES
        })
    return module
