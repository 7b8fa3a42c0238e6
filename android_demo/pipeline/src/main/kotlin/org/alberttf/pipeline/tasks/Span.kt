package org.alberttf.pipeline.tasks

/** Tokens [first] to [last] of a passage, both included, and the sum of their two logits. */
public data class Span(
    val first: Int,
    val last: Int,
    val score: Float,
)

/**
 * Finds the span with the highest sum of start and end logit; of equals, the first.
 *
 * @param start logits of the first token, of which those from [offset] are the passage's.
 * @param end logits of the last token, the same way.
 * @param offset place in the input of the first token of the stretch.
 * @param stretch which tokens of the passage the input shows; a span begins in its own ones.
 * @param maxLength longest span, in tokens.
 * @return a span counted from the first token of the passage, or null where the stretch owns none.
 */
public fun bestSpan(
    start: FloatArray,
    end: FloatArray,
    offset: Int,
    stretch: Stretch,
    maxLength: Int,
): Span? {
    val length = stretch.past - stretch.first
    var best: Span? = null
    var score = Float.NEGATIVE_INFINITY
    for (first in stretch.ownFirst until stretch.ownPast) {
        for (last in first until minOf(first + maxLength, length)) {
            val sum = start[offset + first] + end[offset + last]
            if (best == null || sum > score) {
                score = sum
                best = Span(stretch.first + first, stretch.first + last, sum)
            }
        }
    }
    return best
}
