package org.alberttf.pipeline.text

import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class SentencePieceTokenizerTest {
    private val content = Golden.file("sentencepiece/spiece.model")
    private val tokenizer = SentencePieceTokenizer(content)

    @Test
    fun `the special ids and the size are those of the file`() {
        assertEquals(SpecialIds(pad = 0, unk = 1, cls = 2, sep = 3, mask = 4), tokenizer.special)
        assertEquals(285, tokenizer.vocabSize)
    }

    @Test
    fun `typed special tokens stay text`() {
        for (typed in listOf("[CLS]", "[SEP]", "[MASK]", "<pad>")) {
            val ids = tokenizer.encode("the $typed lamp").tokenIds.toSet()
            assertTrue(ids.intersect(setOf(0, 2, 3, 4)).isEmpty(), typed)
        }
    }

    @Test
    fun `text of nothing but spaces has no tokens`() {
        for (text in listOf("", "  ", "\t\u3000\n")) {
            assertEquals(0, tokenizer.encode(text).tokenIds.size)
        }
    }

    @Test
    fun `a span holds both halves of a character outside the basic plane`() {
        val encoding = tokenizer.encode("so \uD83D\uDE00")
        assertEquals(3, encoding.starts.last())
        assertEquals(5, encoding.ends.last())
    }

    @Test
    fun `unknown characters that follow each other are one token`() {
        val encoding = tokenizer.encode("the \u4e2d\u6587\u5b57")
        val unknown = encoding.tokenIds.indices.filter { encoding.tokenIds[it] == 1 }
        assertEquals(listOf(4 to 7), unknown.map { encoding.starts[it] to encoding.ends[it] })
    }

    @Test
    fun `half a character is refused`() {
        for (text in listOf("the \uD83D lamp", "\uDE00", "lamp \uD83D")) {
            val error = assertFailsWith<IllegalArgumentException> { tokenizer.encode(text) }
            assertContains(error.message.orEmpty(), "half of one (a lone surrogate) at ")
        }
    }

    @Test
    fun `a text of a million words is read to its end`() {
        val one = tokenizer.encode("the lamp").tokenIds.toList()
        val encoding = tokenizer.encode("the lamp ".repeat(500_000))
        assertEquals(500_000 * one.size, encoding.tokenIds.size)
        assertEquals(one, encoding.tokenIds.takeLast(one.size))
        assertEquals("the lamp ".length * 500_000 - 1, encoding.ends.last())
    }

    @Test
    fun `threads may share a tokenizer`() {
        val texts = Golden.texts("sentencepiece")
        val failures = java.util.Collections.synchronizedList(ArrayList<String>())
        val threads =
            List(4) {
                Thread {
                    for (golden in texts) {
                        val ids = tokenizer.encode(golden.text).tokenIds.toList()
                        if (ids != golden.ids) failures.add(golden.text)
                    }
                }
            }
        threads.forEach { it.start() }
        threads.forEach { it.join() }
        assertEquals(emptyList<String>(), failures.toList())
    }

    @Test
    fun `other kinds of models are refused by name`() {
        // A message that comes again overrides what was said before.
        refuses(content + bytes(0x12, 2, 0x18, 2), "model_type must be UNIGRAM; got BPE")
        refuses(content + bytes(0x12, 2, 0x18, 9), "model_type must be UNIGRAM; got 9")
        refuses(
            content + bytes(0x12, 3, 0xC0, 1, 1),
            "treat_whitespace_as_suffix must be false; got true",
        )
        refuses(content + bytes(0x12, 3, 0x98, 2, 1), "needs 256 byte pieces; got 0")
    }

    @Test
    fun `pieces that cannot be are refused`() {
        refuses(content + piece("\u2581the"), "piece \u2581the comes twice")
        refuses(content + piece(""), "a piece is empty or has a zero byte")
        val long = "a".repeat(9_000).toByteArray()
        val message = bytes(0x0A, 0xA8, 0x46) + long
        refuses(content + bytes(0x0A, 0xAB, 0x46) + message, "a piece has 9000 characters")
        refuses(content + piece("a\u0000"), "a piece is empty or has a zero byte")
        refuses(content + piece("neu", 0x18, 2), "it must have one unknown piece; got 2")
        refuses(content + piece("neu", 0x18, 7), "piece neu has the unknown type 7")
        refuses(content + piece("neu", 0x15, 0, 0, 0xC0, 0x7F), "piece neu has the score NaN")
        refuses(content + bytes(0x0A, 3, 0x0A, 1, 0xFF), "is not UTF-8")
    }

    @Test
    fun `a model without special tokens says which`() {
        val unknown = piece("<unk>", 0x18, 2)
        refuses(unknown + piece("a") + piece("[SEP]"), "it has no piece <pad>, [CLS], [MASK].")
        refuses(unknown, "it has no pieces for text")
        refuses(ByteArray(0), "it must have one unknown piece; got 0")
    }

    @Test
    fun `a length beyond the end takes no memory`() {
        refuses(bytes(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 7), "it ends before the 2147483647 bytes")
        refuses(
            bytes(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1),
            "it ends before the -1 bytes",
        )
        val table = bytes(0x1A, 6, 0x12, 4, 0xFF, 0xFF, 0xFF, 0x7F)
        refuses(content + table, "precompiled_charsmap has 4 bytes")
    }

    private fun refuses(
        model: ByteArray,
        reason: String,
    ) {
        val error = assertFailsWith<IllegalArgumentException> { SentencePieceTokenizer(model) }
        val message = error.message.orEmpty()
        assertContains(message, reason)
        assertContains(message, "spiece.model is not a SentencePiece model that can be read here: ")
        assertContains(message, "Copy it again from the export.")
    }
}

internal fun bytes(vararg values: Int): ByteArray = ByteArray(values.size) { values[it].toByte() }

/** A piece as it stands in a model file, with more fields after its text. */
internal fun piece(
    text: String,
    vararg fields: Int,
): ByteArray {
    val content = text.toByteArray()
    val message = bytes(0x0A, content.size) + content + bytes(*fields)
    return bytes(0x0A, message.size) + message
}
