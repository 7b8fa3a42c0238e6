"""What is always there in the inputs of a product is no burden for 8 bits."""

from dataclasses import replace

import keras
import numpy as np

from albert_tf.examples.packing import Ints
from albert_tf.export.centering import centered
from albert_tf.export.convert import convert
from albert_tf.export.entering import Moments, measure_entering, products
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import Form, build_signature
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.runtime.engine import Engine
from albert_tf.tasks.task import Floats
from tests.conftest import TINY

# Widths that blocks of 32 weights fill.
WIDE = replace(TINY, embedding_size=32, hidden_size=64, num_attention_heads=2, intermediate_size=96)


def build_model() -> AlbertTextClassifier:
    """A classifier, a few of whose columns are large for every token, as in trained ones."""
    keras.utils.set_random_seed(0)
    model = AlbertTextClassifier(AlbertBackbone(WIDE), num_classes=3)
    for block in (*model.backbone.encoder.attention[0], *model.backbone.encoder.feed_forward[0]):
        beta = np.zeros(WIDE.hidden_size, np.float32)
        beta[[3, 40]] = 30, -20  # of states whose other columns are 1 wide
        block.norm.beta.assign(beta)
    return model


def inputs(seed: int) -> list[dict[str, Ints]]:
    rng = np.random.default_rng(seed)
    real = (np.arange(20) < np.array([[20], [7]])).astype(np.int32)
    return [
        {
            "token_ids": rng.integers(0, WIDE.vocab_size, (1, 20)).astype(np.int32),
            "segment_ids": 0 * row[None],
            "padding_mask": row[None],
        }
        for row in real
    ]


def answers(content: bytes) -> Floats:
    engine = Engine(content)
    return np.concatenate([engine.run(batch)["logits"] for batch in inputs(1)])


def test_means_are_those_of_the_real_tokens_of_all_applications() -> None:
    model = build_model()
    backbone, shown = model.backbone, inputs(0)
    entering = measure_entering(backbone, shown, products(backbone))
    assert set(entering) == set(products(backbone))
    assert len(entering) == 7
    # What the first product reads: the embeddings, and what every application but the last says.
    rows = []
    for batch in shown:
        x = backbone.embedding(batch["token_ids"], batch["segment_ids"])
        for depth in range(WIDE.num_hidden_layers):
            real = np.asarray(batch["padding_mask"], bool)
            rows.append(np.asarray(x)[real])
            attention, feed_forward = backbone.encoder.stored_layers()[0][2:]
            x = feed_forward(attention(x, x, batch["padding_mask"]))
            assert depth or np.abs(np.asarray(x)).max() > 10
    expected = np.concatenate(rows)
    found = entering[backbone.encoder.attention[0][0].attention.query]
    assert np.allclose(found.mean, expected.mean(0), atol=1e-4)
    assert np.allclose(found.covariance, np.cov(expected.T, bias=True), atol=1e-3)
    shorter = [{**batch, "padding_mask": batch["padding_mask"] * 0 + 1} for batch in shown]
    padded = measure_entering(backbone, shorter)  # the control
    assert not np.allclose(padded[next(iter(entering))].mean, found.mean, atol=1e-3)


def test_a_file_answers_as_before_and_products_lose_their_means() -> None:
    model = build_model()
    entering = measure_entering(model.backbone, inputs(0))
    for form in (Form(), Form("unrolled", 20)):
        plain = convert(build_signature(model, form))
        with centered(entering):
            changed = convert(build_signature(model, form))
        assert np.abs(answers(changed) - answers(plain)).max() < 1e-4
        assert len(changed) > len(plain)
        assert convert(build_signature(model, form)) == plain  # it is over
    # The control: means that no bias knows of are missed.
    wrong = {layer: Moments(1, moments.mean + 1) for layer, moments in entering.items()}
    for layer, moments in wrong.items():
        layer.bias.assign(np.asarray(layer.bias) - moments.mean @ np.asarray(layer.kernel))
    with centered(wrong):
        assert np.abs(answers(convert(build_signature(model))) - answers(plain)).max() > 1e-2


def test_integers_lose_less_of_a_model_with_large_columns() -> None:
    model = build_model()
    plain = convert(build_signature(model))
    with centered(measure_entering(model.backbone, inputs(0))):
        changed = convert(build_signature(model))
    for recipe in ("dynamic_wi8_afp32", "weight_only_wi8_afp32", "compat"):
        before, after = (
            np.square(answers(quantize(content, recipe)) - answers(plain)).mean()
            for content in (plain, changed)
        )
        assert after < before / 4, recipe
