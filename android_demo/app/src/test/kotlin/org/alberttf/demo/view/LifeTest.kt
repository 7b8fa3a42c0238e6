package org.alberttf.demo.view

import android.view.ViewGroup
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.TextView
import org.alberttf.demo.FakeApplication
import org.alberttf.demo.R
import org.alberttf.demo.state.Tab
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

private const val MILLION = 1_000_000

/** Rotation, the end of the process, and texts too long for either. */
@RunWith(RobolectricTestRunner::class)
class LifeTest {
    private val app get() = FakeApplication.running

    /** A text of a million characters with the answer in its midst. */
    private val long =
        "😀 ".repeat(MILLION / 6) + "There are 142 steps. " + "lamp ".repeat(MILLION / 10)

    @Test
    fun `an answer survives rotation without being looked for again`() {
        val screen = Screen()
        screen.ask(passage = "There are 142 steps.")
        val before = screen.activity
        screen.recreate()
        assertFalse(before === screen.activity)
        assertEquals("142", screen.text(R.id.answer))
        assertEquals("142", marked(screen.view(R.id.text)))
        assertEquals(
            listOf(1, 1, 0),
            listOf(app.opened, app.questions.asked.size, app.questions.closed),
        )
    }

    @Test
    fun `an answer that is being looked for survives rotation`() {
        val screen = Screen()
        app.questions.reply = { asked, progress ->
            screen.recreateNow()
            progress(1, 1)
            FakeApplication.find("142", asked.passage)
        }
        screen.touch(R.id.ask)
        assertEquals("142", screen.text(R.id.answer))
    }

    @Test
    fun `each class keeps its own bar through rotation`() {
        val screen = Screen()
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, "I liked it")
        screen.touch(R.id.ask)
        screen.recreate()
        val bars: ViewGroup = screen.view(R.id.bars)
        val shares =
            List(bars.childCount) {
                bars.getChildAt(it).findViewById<ProgressBar>(R.id.bar_progress).progress
            }
        assertEquals(listOf(27, 973), shares)
    }

    @Test
    fun `each tab keeps its own progress through rotation`() {
        val screen = Screen()
        var done = 0
        app.questions.reply = { asked, progress ->
            progress(3, 12)
            app.show()
            screen.recreateNow()
            done = screen.view<ProgressBar>(R.id.progress).progress
            FakeApplication.find("142", asked.passage)
        }
        screen.touch(R.id.ask)
        assertEquals(3, done)
    }

    @Test
    fun `texts, tab and answers survive the end of the process`() {
        val first = Screen()
        first.ask("How high?", "There are 142 steps 😀.")
        first.touch(R.id.classes_button)
        first.write(R.id.text, "I liked it")
        first.touch(R.id.ask)
        val saved = first.saved()
        first.leave()
        app.questions.asked.clear()

        val second = Screen(saved)
        assertEquals(Tab.CLASSES, second.activity.demo.tab)
        assertEquals("I liked it", second.text(R.id.text))
        assertEquals("positive", second.text(R.id.answer))
        second.touch(R.id.questions_button)
        assertEquals("How high?", second.text(R.id.question))
        assertEquals("142", second.text(R.id.answer))
        assertEquals("142", marked(second.view(R.id.text)))
        assertTrue(app.questions.asked.isEmpty())
    }

    @Test
    fun `a pasted million characters is read whole but not laid out`() {
        val screen = Screen()
        screen.ask(passage = long)
        assertEquals(
            long,
            app.questions.asked
                .single()
                .passage,
        )
        val field: EditText = screen.view(R.id.text)
        assertTrue(field.length() < 1_100, "${field.length()} characters are laid out")
        assertEquals("142", marked(field))
        val length = long.codePointCount(0, long.length)
        val note = "%,d characters. All of them are read".format(length)
        assertContains(screen.text(R.id.text_note), note)
    }

    @Test
    fun `of a long text a classifier reads the beginning, and the note says so`() {
        val screen = Screen()
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, "😀".repeat(SHOWN_LENGTH))
        val note = "%,d characters. Only the beginning is read".format(SHOWN_LENGTH)
        assertContains(screen.text(R.id.text_note), note)
    }

    @Test
    fun `an answer of a million characters is shown in part and not saved`() {
        val screen = Screen()
        val word = "a".repeat(MILLION)
        app.questions.reply = { _, _ -> FakeApplication.find(word, word) }
        screen.ask(passage = word)
        assertEquals(1_000, screen.text(R.id.answer).length)
        assertTrue(screen.savedSize() < 100_000, "${screen.savedSize()} bytes are saved")
    }

    @Test
    fun `a long text cannot be edited, but cleared`() {
        val screen = Screen()
        screen.write(R.id.text, long)
        val field: EditText = screen.view(R.id.text)
        assertEquals(null, field.keyListener)
        screen.ask()
        assertEquals("142", screen.text(R.id.answer))
        screen.touch(R.id.text_clear)
        assertEquals("", field.text.toString())
        assertFalse(screen.isShown(R.id.answer))
        screen.write(R.id.text, "short")
        assertEquals("short", screen.activity.demo.passage.text)
        assertFalse(screen.isShown(R.id.text_note))
    }

    @Test
    fun `a long text survives rotation, and stays out of what Android saves`() {
        val screen = Screen()
        screen.write(R.id.text, long)
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, long)
        screen.recreate()
        assertEquals(long, screen.activity.demo.passage.text)
        assertEquals(long, screen.activity.demo.text.text)
        assertTrue(screen.savedSize() < 100_000, "${screen.savedSize()} bytes are saved")
        val saved = screen.saved()
        screen.leave()

        val later = Screen(saved)
        assertEquals("", later.text(R.id.text))
        assertContains(later.text(R.id.text_note), "Paste it again")
        later.write(R.id.text, "short")
        assertFalse(later.isShown(R.id.text_note))
    }

    @Test
    fun `the longest texts that are saved stay below Android's limit`() {
        val screen = Screen()
        val most = "가".repeat(SHOWN_LENGTH)
        screen.ask("가".repeat(2_000), most)
        assertEquals(1_000, screen.view<TextView>(R.id.question).length())
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, most)
        assertFalse(screen.isShown(R.id.text_note))
        assertTrue(screen.savedSize() in 40_000..100_000, "${screen.savedSize()} bytes are saved")
        assertEquals(
            most,
            Screen(screen.saved())
                .activity.demo.text.text,
        )
    }

    @Test
    fun `a part of a long text cuts no emoji in half`() {
        val emoji = "😀".repeat(3_000)
        for (place in 0 until 5_000 step 7) {
            val part = emoji.substring(excerpt(emoji, place))
            assertFalse(part.first().isLowSurrogate() || part.last().isHighSurrogate())
        }
    }
}
