"""A converted file stores the shared layer once, and uses LiteRT's own operations only."""

import pytest
import tensorflow as tf

from albert_tf.config import AlbertConfig
from albert_tf.export.convert import convert
from albert_tf.export.signature import build_signature
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from tests.conftest import TINY


@pytest.mark.slow
def test_the_encoder_is_stored_once_however_often_it_is_applied() -> None:
    sizes = {}
    for layers, groups in ((2, 1), (12, 1), (2, 2)):
        config = AlbertConfig.from_dict({
            **TINY.__dict__,
            "num_hidden_layers": layers,
            "num_hidden_groups": groups,
        })
        answerer = AlbertQuestionAnswerer(AlbertBackbone(config))
        sizes[layers, groups] = len(convert(build_signature(answerer)))
    assert abs(sizes[12, 1] - sizes[2, 1]) < 4_000  # names of operations
    assert sizes[2, 2] - sizes[2, 1] > 16_000  # the control: a second layer of 26 x 26 and 26 x 37


def test_an_operation_that_litert_lacks_is_an_error() -> None:
    module = tf.Module()
    module.answer = tf.function(lambda x: {"y": tf.raw_ops.Betainc(a=x, b=x, x=x)})
    module.answer = module.answer.get_concrete_function(x=tf.TensorSpec([3], tf.float32))
    with pytest.raises(ValueError, match=r"did not convert to LiteRT: .*tf.Betainc") as raised:
        convert(module)
    assert "\n" not in str(raised.value)
