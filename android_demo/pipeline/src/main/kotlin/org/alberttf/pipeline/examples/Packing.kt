package org.alberttf.pipeline.examples

import org.alberttf.pipeline.text.SpecialIds

/** One sequence of T tokens as the model reads it, without padding. */
public class PackedSequence(
    /** [T] */
    public val tokenIds: IntArray,
    /** [T] 0 for `[CLS] A [SEP]`, 1 for `B [SEP]`. */
    public val segmentIds: IntArray,
)

/**
 * Lays token ids out as `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`.
 *
 * Nothing is cut: fit the segments with [truncate] first.
 *
 * Source: google-research/albert classifier_utils.py, convert_single_example.
 */
public fun pack(
    first: IntArray,
    second: IntArray?,
    special: SpecialIds,
): PackedSequence {
    val length = first.size + 2 + if (second == null) 0 else second.size + 1
    val tokenIds = IntArray(length) { special.sep }
    tokenIds[0] = special.cls
    first.copyInto(tokenIds, 1)
    second?.copyInto(tokenIds, first.size + 2)
    val segmentIds = IntArray(length)
    segmentIds.fill(1, first.size + 2, length)
    return PackedSequence(tokenIds, segmentIds)
}

/**
 * How many tokens of each segment fit, cutting the longer one first.
 *
 * @param first tokens in segment A.
 * @param second tokens in segment B, or null for a single segment.
 * @param sequenceLength longest packed sequence, special tokens included.
 * @throws IllegalArgumentException there is no room for one token of each segment.
 *
 * Source: google-research/albert classifier_utils.py, _truncate_seq_pair.
 */
public fun truncate(
    first: Int,
    second: Int?,
    sequenceLength: Int,
): Pair<Int, Int> {
    val room = sequenceLength - if (second == null) 2 else 3
    require(room >= if (second == null) 1 else 2) {
        "sequence_length must leave room for a token of each segment beside the special " +
            "tokens; got $sequenceLength."
    }
    if (second == null) return minOf(first, room) to 0
    val kept = minOf(second, maxOf(room / 2, room - first))
    return minOf(first, room - kept) to kept
}
