package org.alberttf.pipeline.examples

import org.alberttf.pipeline.text.SpecialIds
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

private val SPECIAL = SpecialIds(pad = 0, unk = 1, cls = 2, sep = 3, mask = 4)

class PackingTest {
    @Test
    fun `one segment stands between the special tokens`() {
        val packed = pack(intArrayOf(7, 8), null, SPECIAL)
        assertEquals(listOf(2, 7, 8, 3), packed.tokenIds.asList())
        assertEquals(listOf(0, 0, 0, 0), packed.segmentIds.asList())
    }

    @Test
    fun `the second segment and its end are marked`() {
        val packed = pack(intArrayOf(7, 8), intArrayOf(9), SPECIAL)
        assertEquals(listOf(2, 7, 8, 3, 9, 3), packed.tokenIds.asList())
        assertEquals(listOf(0, 0, 0, 0, 1, 1), packed.segmentIds.asList())
    }

    @Test
    fun `the longer segment is cut first`() {
        assertEquals(5 to 4, truncate(10, 4, 12))
        assertEquals(4 to 5, truncate(4, 10, 12))
        assertEquals(10 to 0, truncate(10, null, 12))
        assertEquals(2 to 3, truncate(2, 3, 12))
    }

    @Test
    fun `a length without room is refused`() {
        val error = assertFailsWith<IllegalArgumentException> { truncate(1, 1, 4) }
        assertEquals(true, error.message?.contains("got 4"))
    }
}
