"""Packing lays segments out as released, truncates the longer one, and pads a batch."""

import numpy as np
import pytest

from albert_tf.examples.packing import pack, pad_batch, truncate
from albert_tf.text.encoding import SpecialIds

SPECIAL = SpecialIds(pad=0, unk=1, cls=2, sep=3, mask=4)


def test_segments_are_numbered_by_their_separator() -> None:
    packed = pack([11, 12], [13], SPECIAL)
    assert packed.token_ids.tolist() == [2, 11, 12, 3, 13, 3]
    assert packed.segment_ids.tolist() == [0, 0, 0, 0, 1, 1]


def test_one_segment_has_one_separator() -> None:
    assert pack([11], None, SPECIAL).token_ids.tolist() == [2, 11, 3]


@pytest.mark.parametrize(
    ("lengths", "room", "kept"),
    [((5, 5), 13, (5, 5)), ((9, 3), 11, (5, 3)), ((3, 9), 11, (3, 5)), ((9, 9), 11, (4, 4))],
)
def test_the_longer_segment_is_cut(
    lengths: tuple[int, int], room: int, kept: tuple[int, int]
) -> None:
    assert truncate(*lengths, room) == kept


def test_truncation_takes_the_last_token_of_the_longer_segment_again_and_again() -> None:
    for first in range(1, 12):
        for second in range(1, 12):
            for length in range(5, 20):
                a, b = first, second
                while a + b > length - 3:
                    a, b = (a - 1, b) if a > b else (a, b - 1)
                assert truncate(first, second, length) == (a, b)


def test_no_room_for_both_segments_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"sequence_length must leave room .* got 4"):
        truncate(5, 5, 4)


def test_padding_is_marked_in_the_mask() -> None:
    batch = pad_batch([pack([11], None, SPECIAL), pack([11, 12, 13], [14], SPECIAL)], 11)
    assert {name: array.shape for name, array in batch.items()} == {
        "token_ids": (2, 11), "segment_ids": (2, 11), "padding_mask": (2, 11)
    }  # fmt: skip
    np.testing.assert_array_equal(batch["padding_mask"].sum(axis=1), [3, 7])


def test_a_sequence_too_long_for_the_batch_is_named() -> None:
    with pytest.raises(ValueError, match=r"must hold the longest sequence \(5\); got 4"):
        pad_batch([pack([11, 12, 13], None, SPECIAL)], 4)
