package org.alberttf.pipeline.tasks

import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class StretchTest {
    @Test
    fun `a token belongs to the stretch that shows most around it`() {
        val expected = listOf(Stretch(0, 6, 0, 5), Stretch(3, 8, 2, 5))
        assertEquals(expected, stretches(8, room = 6, step = 3))
    }

    @Test
    fun `an empty passage is one empty stretch`() {
        assertEquals(listOf(Stretch(0, 0, 0, 0)), stretches(0, room = 6, step = 3))
    }

    @Test
    fun `every token is shown, and belongs to one stretch`() {
        val chance = Random(0)
        repeat(300) {
            val room = chance.nextInt(1, 40)
            val found = stretches(chance.nextInt(1, 200), room, chance.nextInt(1, room + 1))
            val owned = found.flatMap { (it.first + it.ownFirst) until (it.first + it.ownPast) }
            assertEquals((0 until found.last().past).toList(), owned.sorted())
            assertTrue(found.all { it.past - it.first <= room })
        }
    }

    @Test
    fun `a step that would leave tokens out is refused`() {
        assertFailsWith<IllegalArgumentException> { stretches(8, room = 3, step = 4) }
        assertFailsWith<IllegalArgumentException> { stretches(8, room = 3, step = 0) }
    }
}
