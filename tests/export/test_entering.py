"""The moments of what enters a layer are those of real tokens, over all its applications."""

import numpy as np

from albert_tf.export.entering import measure_entering, products
from tests.export.test_centering import WIDE, build_model, inputs


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


def test_covariances_are_measured_where_they_are_asked_for() -> None:
    backbone = build_model().backbone
    wanted = backbone.encoder.feed_forward[0][0].intermediate
    entering = measure_entering(backbone, inputs(0), [wanted])
    assert [layer for layer, moments in entering.items() if moments.covariance is not None] == [
        wanted
    ]
    # 20 and 7 tokens, as often as the layer is applied.
    assert entering[wanted].rows == 27 * WIDE.num_hidden_layers
