package org.alberttf.pipeline.text

import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertTrue

/** Damaged files are read or refused with [IllegalArgumentException]; nothing else happens. */
class DamagedFilesTest {
    private val text = Golden.texts("sentencepiece").take(120).joinToString(" ") { it.text }

    @Test(timeout = 120_000)
    fun `a damaged SentencePiece model is read or refused`() {
        val model = Golden.file("sentencepiece/spiece.model")
        val (read, refused) = outcomes(500, model) { SentencePieceTokenizer(it) }
        assertTrue(read > 50, "$read")
        assertTrue(refused > 50, "$refused")
    }

    @Test(timeout = 120_000)
    fun `a damaged WordPiece vocabulary is read or refused`() {
        val vocabulary = Golden.file("wordpiece/vocab.txt")
        val options = """{"do_lower_case": true, "strip_accents": null}""".toByteArray()
        val (read, refused) = outcomes(500, vocabulary) { WordPieceTokenizer(it, options) }
        val (readOptions, refusedOptions) =
            outcomes(
                500,
                options,
            ) { WordPieceTokenizer(vocabulary, it) }
        assertTrue(minOf(read, refused, readOptions, refusedOptions) > 20)
    }

    /** How many of the damaged files were read and how many refused. */
    private fun outcomes(
        count: Int,
        content: ByteArray,
        open: (ByteArray) -> Tokenizer,
    ): Pair<Int, Int> {
        val random = Random(7)
        var read = 0
        repeat(count) {
            val tokenizer = openOrNull(damaged(content, random), open) ?: return@repeat
            check(tokenizer.encode(text))
            read++
        }
        return read to count - read
    }

    private fun openOrNull(
        content: ByteArray,
        open: (ByteArray) -> Tokenizer,
    ): Tokenizer? =
        try {
            open(content)
        } catch (error: IllegalArgumentException) {
            assertTrue(error.message.orEmpty().length > 20, "it says what is wrong")
            null
        }

    private fun check(encoding: Encoding) {
        for (i in encoding.tokenIds.indices) {
            assertTrue(encoding.starts[i] in 0..encoding.ends[i] && encoding.ends[i] <= text.length)
        }
    }

    private fun damaged(
        content: ByteArray,
        random: Random,
    ): ByteArray {
        // Half of the damage is done where the pieces stand, which are few bytes of the file.
        val end = if (random.nextBoolean()) content.size else minOf(content.size, 6_000)
        val place = random.nextInt(end)
        val size = random.nextInt(1, 9)
        return when (random.nextInt(6)) {
            0 -> content.copyOf(place)
            1 -> content.copyOf(place) + content.drop(place + size)
            2 -> content.copyOf(place) + random.nextBytes(size) + content.drop(place)
            3 -> content.copyOf().also { random.nextBytes(it, place, minOf(place + size, end)) }
            else -> content.copyOf().also { it[place] = it[place].flipBit(random.nextInt(8)) }
        }
    }

    private fun Byte.flipBit(number: Int): Byte = (toInt() xor (1 shl number)).toByte()
}
