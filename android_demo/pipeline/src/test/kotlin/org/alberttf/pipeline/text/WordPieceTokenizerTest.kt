package org.alberttf.pipeline.text

import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class WordPieceTokenizerTest {
    private val tokenizer = tokenizer(PIECES)

    @Test
    fun `the longest piece comes first`() {
        assertEquals(listOf(5, 6, 7, 10), tokenizer.encode("The lamps.").tokenIds.toList())
    }

    @Test
    fun `spans cut the text as it was typed`() {
        val text = " CAFE\u0301S  the\u6f22lamp"
        val encoding = tokenizer.encode(text)
        val cut = encoding.starts.zip(encoding.ends, text::substring)
        assertEquals(listOf("CAF", "E", "S", "the", "\u6f22", "lamp"), cut)
    }

    @Test
    fun `kept accents keep Hangul whole`() {
        val kept = tokenizer(PIECES, """{"strip_accents": false}""")
        assertEquals(listOf(13, 14), kept.encode("\ud558\ub2e4").tokenIds.toList())
        assertEquals(listOf(1), tokenizer.encode("\ud558\ub2e4").tokenIds.toList())
    }

    @Test
    fun `without the option capitals stay, and so do accents`() {
        val cased = tokenizer(PIECES, """{"do_lower_case": false}""")
        assertEquals(listOf(1, 5), cased.encode("The the").tokenIds.toList())
        assertEquals(listOf(1), cased.encode("caf\u00e9").tokenIds.toList())
    }

    @Test
    fun `the capital I with a dot is two letters where accents stay`() {
        val pieces = listOf("i", "##\u0307") + TOKENS
        val kept = tokenizer(pieces, """{"strip_accents": false}""").encode("\u0130")
        assertEquals(listOf(0, 1), kept.tokenIds.toList())
        assertEquals(listOf(0, 0), kept.starts.toList())
        assertEquals(listOf(1, 1), kept.ends.toList())
        assertEquals(listOf(0), tokenizer(pieces).encode("\u0130").tokenIds.toList())
    }

    @Test
    fun `an unknown word is one token with its whole span`() {
        val encoding = tokenizer.encode("the zebra")
        assertEquals(listOf(5, 1), encoding.tokenIds.toList())
        assertEquals(4 to 9, encoding.starts[1] to encoding.ends[1])
    }

    @Test
    fun `a word of more than a hundred letters is unknown`() {
        val letters = tokenizer(listOf("a", "##a") + TOKENS)
        assertEquals(100, letters.encode("a".repeat(100)).tokenIds.size)
        val encoding = letters.encode("a".repeat(1_000_000))
        assertEquals(listOf(letters.special.unk), encoding.tokenIds.toList())
        assertEquals(1_000_000, encoding.ends.single())
    }

    @Test
    fun `half a character is dropped`() {
        val expected = tokenizer.encode("the lamp").tokenIds.toList()
        assertEquals(expected, tokenizer.encode("the \uD83D lamp\u0000\uDE00").tokenIds.toList())
    }

    @Test
    fun `what is a character does not depend on the platform`() {
        // U+1FAE0 is of Unicode 14, as Python 3.11 knows it; U+1FAE8 is of Unicode 15.
        assertEquals("14.0", UNICODE_VERSION)
        assertEquals(listOf(1), tokenizer.encode("\uD83E\uDEE0").tokenIds.toList())
        assertEquals(emptyList(), tokenizer.encode("\uD83E\uDEE8").tokenIds.toList())
        // A Georgian capital of Unicode 11.
        val georgian = tokenizer(listOf("\u10d0") + TOKENS)
        assertEquals(listOf(0), georgian.encode("\u1c90").tokenIds.toList())
    }

    @Test
    fun `lines may end as on any system, and the last of two equal pieces counts`() {
        val text = (TOKENS + listOf("the", "lamp", "the")).joinToString("\r\n")
        val windows = WordPieceTokenizer("$text\r\n".toByteArray(), "{}".toByteArray())
        assertEquals(8, windows.vocabSize)
        assertEquals(listOf(7, 6), windows.encode("the lamp").tokenIds.toList())
    }

    @Test
    fun `options that are not true or false are refused`() {
        refuses("""{"do_lower_case": "yes"}""", "boolean literal")
        refuses("""{"strip_accents": 1}""", "boolean literal")
        refuses("[true]", "Expected start of the object")
        refuses("{", "do_lower_case and strip_accents are true or false")
        for (open in listOf("[", "{\"a\":")) {
            refuses(open.repeat(100_000), "true or false")
            refuses("{\"a\": ${open.repeat(100_000)}", "true or false")
            refuses("{\"do_lower_case\": ${open.repeat(100_000)}", "true or false")
        }
    }

    @Test
    fun `a vocabulary without special tokens says which`() {
        val error = assertFailsWith<IllegalArgumentException> { tokenizer(listOf("[PAD]", "the")) }
        assertContains(error.message.orEmpty(), "has no piece [UNK], [CLS], [SEP], [MASK]")
    }

    @Test
    fun `a vocabulary that is not UTF-8 is refused`() {
        val error =
            assertFailsWith<IllegalArgumentException> {
                WordPieceTokenizer(bytes(0x61, 0xFF), "{}".toByteArray())
            }
        assertContains(error.message.orEmpty(), "vocab.txt must be UTF-8 text")
    }

    private fun refuses(
        options: String,
        reason: String,
    ) {
        val error = assertFailsWith<IllegalArgumentException> { tokenizer(PIECES, options) }
        assertContains(error.message.orEmpty(), reason)
    }

    private fun tokenizer(
        pieces: List<String>,
        options: String = "{}",
    ) = WordPieceTokenizer(pieces.joinToString("\n").toByteArray(), options.toByteArray())

    private companion object {
        val TOKENS = listOf("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        val PIECES =
            TOKENS +
                listOf(
                    "the",
                    "lamp",
                    "##s",
                    "caf",
                    "##e",
                    ".",
                    "\u6f22",
                    "\u5b57",
                    "\ud558",
                    "##\ub2e4",
                )
    }
}
