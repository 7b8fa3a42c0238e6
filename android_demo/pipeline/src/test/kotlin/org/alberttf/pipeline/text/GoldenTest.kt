package org.alberttf.pipeline.text

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals

class GoldenTest {
    @Test
    fun `SentencePiece reads every golden text as Python does`() = check("sentencepiece")

    @Test
    fun `WordPiece reads every golden text as Python does`() = check("wordpiece")

    @Test
    fun `the two readers do not read alike, so the golden texts tell them apart`() {
        val text = "At dawn Ruth woke up."
        val ids = listOf("sentencepiece", "wordpiece").map { Golden.tokenizer(it).encode(text) }
        assertNotEquals(ids[0].tokenIds.toList(), ids[1].tokenIds.toList())
    }

    private fun check(reader: String) {
        val tokenizer = Golden.tokenizer(reader)
        val texts = Golden.texts(reader)
        for (golden in texts) {
            val encoding = tokenizer.encode(golden.text)
            assertEquals(golden.ids, encoding.tokenIds.toList(), golden.text)
            assertEquals(golden.spans, encoding.spansInCharacters(golden.text), golden.text)
        }
        assertEquals(388, texts.size)
    }
}
