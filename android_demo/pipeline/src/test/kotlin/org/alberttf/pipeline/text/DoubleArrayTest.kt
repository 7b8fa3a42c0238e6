package org.alberttf.pipeline.text

import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class DoubleArrayTest {
    private val random = Random(3)
    private val words = List(20_000) { word() }.distinct()
    private val array = doubleArrayOf(words.map { it.toByteArray() }, words.indices.map { 2 * it })

    @Test
    fun `every key is found with its value`() {
        words.forEachIndexed { number, word ->
            val match = array.longestMatch("$word\u0000".toByteArray(), 0)
            assertEquals(2 * number, match.value)
            assertEquals(word.toByteArray().size, match.length)
        }
    }

    @Test
    fun `the longest key that stands at a place is found, or none`() {
        val known = words.toSet()
        repeat(2_000) {
            val text = word() + word()
            val longest =
                text.indices
                    .map {
                        text.take(
                            it + 1,
                        )
                    }.lastOrNull { it in known }
                    .orEmpty()
            val match = array.longestMatch("::$text".toByteArray(), 2)
            assertEquals(longest.toByteArray().size, match.length)
        }
    }

    @Test
    fun `zero bytes lead nowhere`() {
        assertEquals(0, array.longestMatch(ByteArray(9), 0).length)
    }

    @Test
    fun `numbers that lead outside are not sound`() {
        assertTrue(DoubleArray(IntArray(256).also { it[0] = 1 shl 10 }).isSound(1))
        assertFalse(DoubleArray(IntArray(255).also { it[0] = 1 shl 10 }).isSound(1))
        assertFalse(DoubleArray(IntArray(0)).isSound(1))
        assertFalse(DoubleArray(IntArray(256)).isSound(1)) // the root leads to itself
        assertFalse(DoubleArray(IntArray(256).also { it[0] = 256 shl 10 }).isSound(1))
        val leaf = IntArray(256).also { it[0] = 1 shl 10 }
        leaf[9] = DoubleArray.leaf(1)
        assertFalse(DoubleArray(leaf).isSound(1))
        assertTrue(DoubleArray(leaf).isSound(2))
    }

    private fun word(): String =
        List(random.nextInt(1, 7)) { "abcde\u00e9\ud55c"[random.nextInt(7)] }.joinToString("")
}
