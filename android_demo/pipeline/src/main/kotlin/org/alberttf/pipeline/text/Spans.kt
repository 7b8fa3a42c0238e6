package org.alberttf.pipeline.text

/**
 * Finds the characters of the raw text that a piece of the cleaned text came from.
 *
 * A piece is given by its bytes [start, end) of the cleaned text. The white space that a span
 * begins with is left out.
 */
internal class Spans(
    private val text: String,
    private val cleaned: NormalizedText,
    /** Whether a character that was rewritten as several is never cut, as text/spans.py says. */
    private val widen: Boolean,
) {
    fun start(
        start: Int,
        end: Int,
    ): Int {
        val places = cleaned.places
        var place = places[if (widen && !isSpace(start, end)) afterSpace(start) else start]
        val last = end(start, end)
        while (place < last && isWhiteSpace(text[place])) place++
        return place
    }

    fun end(
        start: Int,
        end: Int,
    ): Int {
        val places = cleaned.places
        var after = end
        if (widen && !isSpace(start, end)) {
            while (after < cleaned.size && places[after] == places[end - 1]) after++
        }
        return places[after]
    }

    private fun isSpace(
        start: Int,
        end: Int,
    ): Boolean = afterSpace(start) == end

    private fun afterSpace(start: Int): Int =
        if (cleaned.hasSpaceAt(start)) start + ESCAPED_SPACE.size else start
}
