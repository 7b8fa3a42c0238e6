package org.alberttf.pipeline.text

/**
 * Whether a character is white space as Python counts it, whose answers the model was tested with.
 *
 * The platform's own answer differs by version, and at U+0085.
 */
internal fun isWhiteSpace(character: Char): Boolean =
    when (character) {
        in '\t'..'\r', in '\u001c'..' ', '\u0085', '\u00a0', '\u1680', in '\u2000'..'\u200a',
        '\u2028', '\u2029', '\u202f', '\u205f', '\u3000',
        -> true

        else -> false
    }
