package org.alberttf.pipeline.text

/** Ids of the tokens that text never produces, and of the unknown one. */
public data class SpecialIds(
    val pad: Int,
    val unk: Int,
    val cls: Int,
    val sep: Int,
    val mask: Int,
)

/**
 * The tokens of one text, N of them.
 *
 * Token `i` stands for the characters `starts[i]` until `ends[i]` of the text, counted as Kotlin
 * counts them, in UTF-16 units; no character is ever cut in half.
 */
public class Encoding(
    /** [N] */
    public val tokenIds: IntArray,
    /** [N] */
    public val starts: IntArray,
    /** [N] */
    public val ends: IntArray,
)

/**
 * Turns text into token ids, as `albert_tf.text.tokenizer` does.
 *
 * Text never produces a special token: "[SEP]" typed by a user is six ordinary characters.
 * A tokenizer may be shared by threads.
 */
public interface Tokenizer {
    public val special: SpecialIds
    public val vocabSize: Int

    /**
     * Splits one text into tokens; special tokens are never among them.
     *
     * @throws IllegalArgumentException the text holds half a character (a lone surrogate), which
     *     SentencePiece refuses and WordPiece drops, as in Python.
     */
    public fun encode(text: String): Encoding
}
