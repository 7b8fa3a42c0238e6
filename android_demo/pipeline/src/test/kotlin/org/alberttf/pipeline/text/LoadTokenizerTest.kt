package org.alberttf.pipeline.text

import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs

class LoadTokenizerTest {
    private val files =
        mapOf(
            "spiece.model" to Golden.file("sentencepiece/spiece.model"),
            "vocab.txt" to Golden.file("wordpiece/vocab.txt"),
            "tokenizer_config.json" to """{"do_lower_case": false}""".toByteArray(),
        )

    @Test
    fun `the file name says which reader it is, SentencePiece first`() {
        assertIs<SentencePieceTokenizer>(load("vocab.txt", "spiece.model"))
        assertIs<WordPieceTokenizer>(load("vocab.txt", "model.tflite"))
    }

    @Test
    fun `the options beside a WordPiece vocabulary are read`() {
        val small = load("vocab.txt").encode("THE").tokenIds.toList()
        val cased = load("vocab.txt", "tokenizer_config.json").encode("THE").tokenIds.toList()
        assertEquals(load("vocab.txt").encode("the").tokenIds.toList(), small)
        assertEquals(listOf(1), cased)
    }

    @Test
    fun `a folder without vocabulary says what was expected`() {
        val error = assertFailsWith<IllegalArgumentException> { load("model.tflite") }
        assertContains(
            error.message.orEmpty(),
            "[model.tflite]: expected spiece.model or vocab.txt",
        )
    }

    private fun load(vararg names: String): Tokenizer =
        loadTokenizer(names.toSet()) { files.getValue(it).inputStream() }
}
