"""What the graph computes of windows and answers is what the task computes in Python."""

import numpy as np
import pytest
import tensorflow as tf

from albert_tf.export.serving import own_tokens
from albert_tf.tasks.spans import stretches


@pytest.mark.parametrize(("room", "step"), [(7, 3), (8, 8), (11, 1), (317, 128), (5, 4)])
def test_the_graph_gives_each_window_its_own_tokens(room: int, step: int) -> None:
    owned = 0
    for tokens in (1, room - 1, room, room + 1, 2 * room + 3, 7 * room + 1):
        windows = stretches(tokens, room, step)
        shown, past = (
            tf.constant([getattr(stretch, name) for stretch, _ in windows], tf.int64)
            for name in ("start", "stop")
        )
        for stretch, own in windows:
            width = stretch.stop - stretch.start
            begin, size = tf.constant([stretch.start, width], tf.int64)
            found = own_tokens(begin, size, shown, past).numpy()
            expected = np.zeros(width, bool)
            expected[own] = True
            np.testing.assert_array_equal(found, expected)
            owned += found.sum()
        owned -= tokens
    assert owned == 0
