package org.alberttf.pipeline.tasks

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

class SpanTest {
    private val start = floatArrayOf(9f, 0f, 3f, 0f, 9f)
    private val end = floatArrayOf(9f, 4f, 1f, 2f, 9f)

    @Test
    fun `the best sum wins and no span runs backwards`() {
        assertEquals(Span(1, 2, 5f), bestSpan(start, end, 1, Stretch(0, 3, 0, 3), 2))
    }

    @Test
    fun `a span is no longer than allowed`() {
        assertEquals(Span(0, 0, 4f), bestSpan(start, end, 1, Stretch(0, 3, 0, 3), 1))
    }

    @Test
    fun `a span begins in the stretch's own tokens and may end past them`() {
        assertEquals(Span(10, 10, 4f), bestSpan(start, end, 1, Stretch(10, 13, 0, 1), 3))
        assertEquals(Span(11, 12, 5f), bestSpan(start, end, 1, Stretch(10, 13, 1, 2), 3))
        assertNull(bestSpan(start, end, 1, Stretch(10, 13, 0, 0), 3))
    }

    @Test
    fun `of equal spans the first is taken`() {
        val flat = FloatArray(5)
        assertEquals(Span(0, 0, 0f), bestSpan(flat, flat, 0, Stretch(0, 5, 0, 5), 3))
    }
}
