package org.alberttf.pipeline.tasks

/** Tokens [first] until [past] of a passage; [ownFirst] until [ownPast] of it are its to answer. */
public data class Stretch(
    /** Counted from the first token of the passage, as [past] is. */
    val first: Int,
    val past: Int,
    /** Counted from [first], as [ownPast] is. */
    val ownFirst: Int,
    val ownPast: Int,
)

/**
 * Cuts a passage of N tokens into overlapping stretches, and says which tokens are whose to answer.
 *
 * A token that several stretches show belongs to the one where the smaller of its left and right
 * context, plus a hundredth of the stretch's length, is greatest; to the first of equals.
 *
 * @param tokens N.
 * @param room most tokens of a stretch, at least 1.
 * @param step tokens from one beginning to the next, from 1 to [room].
 *
 * Source: google-research/albert squad_utils.py, _check_is_max_context.
 */
public fun stretches(
    tokens: Int,
    room: Int,
    step: Int,
): List<Stretch> {
    require(room >= 1) { "room must be at least 1; got $room." }
    require(step in 1..room) { "step must be from 1 to $room; got $step." }
    val count = 1 + (maxOf(tokens - room, 0) + step - 1) / step
    val shown = List(count) { it * step until minOf(it * step + room, tokens) }
    val best = DoubleArray(tokens) { Double.NEGATIVE_INFINITY }
    val owner = IntArray(tokens)
    for ((number, stretch) in shown.withIndex()) {
        val length = stretch.last - stretch.first + 1
        for (token in stretch) {
            val context = minOf(token - stretch.first, stretch.last - token) + 0.01 * length
            if (context > best[token]) {
                best[token] = context
                owner[token] = number
            }
        }
    }
    return shown.mapIndexed { number, stretch ->
        // These are neighbours: what one stretch gains on the next falls from left to right.
        val own = stretch.filter { owner[it] == number }
        val first = if (own.isEmpty()) 0 else own.first() - stretch.first
        Stretch(stretch.first, stretch.last + 1, first, first + own.size)
    }
}
