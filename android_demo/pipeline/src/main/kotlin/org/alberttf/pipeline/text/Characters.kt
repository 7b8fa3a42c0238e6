package org.alberttf.pipeline.text

/**
 * The kinds of characters that WordPiece tells apart, and how it writes them.
 *
 * All of it comes from tables of our own, never from the platform: each version of Android knows
 * another Unicode, and to an old one a new emoji is no character at all.
 */
internal object Characters {
    private const val CONTROL = 1
    private const val PUNCTUATION = 2
    private const val ACCENT = 3
    private const val FIRST_ACCENT = 0xC0
    private val HANGUL = 0xAC00..0xD7A3
    private const val VOWELS = 21
    private const val TAILS = 28

    private val kinds = KindTable(CHARACTER_KINDS)
    private val small = SmallLetterTable(SMALL_LETTERS)
    private val plain = PlainLetterTable(PLAIN_LETTERS)

    /** Whether a character is dropped: invisible, unassigned, or a mark of damage. */
    fun isControl(code: Int): Boolean = kinds[code] == CONTROL

    /** Whether a character is a mark. */
    fun isPunctuation(code: Int): Boolean = kinds[code] == PUNCTUATION

    /** Whether a character is an ideograph, as BERT's code says. */
    fun isCjk(code: Int): Boolean =
        when (code) {
            in 0x4E00..0x9FFF, in 0x3400..0x4DBF, in 0x20000..0x2A6DF, in 0x2A700..0x2B73F,
            in 0x2B740..0x2B81F, in 0x2B820..0x2CEAF, in 0xF900..0xFAFF, in 0x2F800..0x2FA1F,
            -> true

            else -> false
        }

    /** The small letter of a capital, or the character itself; of U+0130 without its dot. */
    fun smallLetter(code: Int): Int = small[code]

    /**
     * Finds what stays of a character without its accents.
     *
     * @param parts the characters are written here, 3 at most.
     * @return how many there are; an accent has none.
     */
    fun plainParts(
        code: Int,
        parts: IntArray,
    ): Int {
        if (code in HANGUL) return syllableParts(code - HANGUL.first, parts)
        val letter = if (code < FIRST_ACCENT) -1 else plain.find(code)
        if (letter >= 0) return plain.parts(letter, parts)
        parts[0] = code
        return if (kinds[code] == ACCENT) 0 else 1
    }

    private fun syllableParts(
        syllable: Int,
        parts: IntArray,
    ): Int {
        parts[0] = 0x1100 + syllable / (VOWELS * TAILS)
        parts[1] = 0x1161 + syllable / TAILS % VOWELS
        parts[2] = 0x11A7 + syllable % TAILS
        return if (syllable % TAILS == 0) 2 else 3
    }
}
