package org.alberttf.pipeline.text

/**
 * Prints what the tables say of each character, in the order of their codes.
 *
 * A line is: C, P, I or - for control, punctuation, ideograph and other; the code of the small
 * letter; the codes of the parts without accents.
 */
internal fun main() {
    val parts = IntArray(3)
    val lines =
        (0..Character.MAX_CODE_POINT).map { code ->
            val kind =
                when {
                    Characters.isControl(code) -> 'C'
                    Characters.isPunctuation(code) -> 'P'
                    Characters.isCjk(code) -> 'I'
                    else -> '-'
                }
            val count = Characters.plainParts(code, parts)
            "$kind ${Characters.smallLetter(code)} ${parts.take(count).joinToString(",")}"
        }
    print(lines.joinToString("\n"))
}
