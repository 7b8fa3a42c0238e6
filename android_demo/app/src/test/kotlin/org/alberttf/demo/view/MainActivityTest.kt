package org.alberttf.demo.view

import android.text.Spanned
import android.text.style.BackgroundColorSpan
import android.view.ViewGroup
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.TextView
import org.alberttf.demo.FakeApplication
import org.alberttf.demo.R
import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.FileNotFoundException
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

/** The characters that are marked in a field, or null. */
internal fun marked(field: EditText): String? {
    val text: Spanned = field.text
    val span = text.getSpans(0, text.length, BackgroundColorSpan::class.java).singleOrNull()
    return span?.let { text.subSequence(text.getSpanStart(it), text.getSpanEnd(it)).toString() }
}

/** On the oldest platform too that the app is for. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [24, 34])
class MainActivityTest {
    private val screen by lazy { Screen() }
    private val app get() = FakeApplication.running

    @Test
    fun `the first passage and a question about it are there at the start`() {
        assertContains(screen.text(R.id.text), "Heron Point")
        assertEquals("How many steps lead to the lamp?", screen.text(R.id.question))
        assertTrue(screen.isShown(R.id.ask))
        assertFalse(screen.isShown(R.id.answer))
    }

    @Test
    fun `the answer is shown, marked in the passage, and timed`() {
        screen.touch(R.id.ask)
        assertEquals("142", screen.text(R.id.answer))
        assertEquals("142", marked(screen.view(R.id.text)))
        assertContains(screen.text(R.id.latency), " ms")
    }

    @Test
    fun `facts of the model are told`() {
        for (fact in listOf("dynamic_wi8_afp32", "12", "MB", "albert_tf 0.1.0")) {
            assertContains(screen.text(R.id.facts), fact)
        }
    }

    @Test
    fun `the mark goes when the passage is edited`() {
        screen.touch(R.id.ask)
        screen.view<EditText>(R.id.text).append("!")
        assertEquals(null, marked(screen.view(R.id.text)))
    }

    @Test
    fun `another example takes the answer to the one before away`() {
        screen.touch(R.id.ask)
        screen.chooseExample(1)
        assertFalse("Heron Point" in screen.text(R.id.text))
        assertFalse(screen.isShown(R.id.answer))
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, "I liked it")
        screen.touch(R.id.ask)
        screen.chooseExample(1)
        assertNotEquals("I liked it", screen.text(R.id.text))
        assertFalse(screen.isShown(R.id.answer))
    }

    @Test
    fun `emoji before the answer do not shift the mark`() {
        screen.ask(passage = "👩‍👩‍👧‍👦😀 There are 142 steps 🪜.")
        assertEquals("142", marked(screen.view(R.id.text)))
    }

    @Test
    fun `a passage without an answer is said to have none`() {
        app.questions.reply = { _, _ -> AnswerPrediction("", 0, 0, 1f, 2.0, "steps") }
        screen.touch(R.id.ask)
        assertEquals("The passage does not tell.", screen.text(R.id.answer))
        assertEquals(null, marked(screen.view(R.id.text)))
    }

    @Test
    fun `without a question or a passage nothing is asked`() {
        screen.ask(question = " ")
        assertEquals("Write something here first", screen.view<EditText>(R.id.question).error)
        screen.ask(passage = "")
        assertNotNull(screen.view<EditText>(R.id.text).error)
        assertEquals(0, app.questions.asked.size)
    }

    @Test
    fun `windows are counted while a long passage is read`() {
        var seen = ""
        app.questions.reply = { question, progress ->
            progress(3, 12)
            app.show()
            seen = screen.text(R.id.progress_text)
            assertEquals(3, screen.view<ProgressBar>(R.id.progress).progress)
            assertFalse(screen.view<TextView>(R.id.ask).isEnabled)
            FakeApplication.find("142", question.passage)
        }
        screen.touch(R.id.ask)
        assertEquals("Read 3 of 12 windows", seen)
        assertFalse(screen.isShown(R.id.progress))
    }

    @Test
    fun `cancelling says how to go on`() {
        app.questions.reply = { _, progress ->
            screen.view<TextView>(R.id.cancel).performClick()
            progress(1, 2)
            error("was not stopped")
        }
        screen.touch(R.id.ask)
        assertEquals("Stopped", screen.text(R.id.problem_title))
        assertContains(screen.text(R.id.problem_cure), "Ask again")
        assertTrue(screen.view<TextView>(R.id.ask).isEnabled)
        assertFalse(screen.isShown(R.id.cancel))
    }

    @Test
    fun `an app without a model says which command makes one`() {
        app.broken = FileNotFoundException("question_answering/contract.json")
        assertContains(screen.text(R.id.problem_cure), "make demo-android")
        assertContains(
            screen.text(R.id.problem_cure),
            "albert-tf export MODEL --validation FILE --android android_demo",
        )
        assertFalse(screen.view<TextView>(R.id.ask).isEnabled)
        app.broken = null
        screen.touch(R.id.retry)
        assertFalse(screen.isShown(R.id.problem))
        assertTrue(screen.view<TextView>(R.id.ask).isEnabled)
    }

    @Test
    fun `a damaged model says what is wrong and what to do`() {
        app.broken = ContractException("model.tflite does not match its checksum. Export again.")
        assertContains(screen.text(R.id.problem_detail), "model.tflite")
        assertContains(screen.text(R.id.problem_cure), "albert-tf export MODEL")
    }

    @Test
    fun `each class has a bar that is read as one`() {
        screen.touch(R.id.classes_button)
        screen.write(R.id.text, "I liked it 😀")
        screen.touch(R.id.ask)
        assertEquals("positive", screen.text(R.id.answer))
        val bars: ViewGroup = screen.view(R.id.bars)
        val read = List(bars.childCount) { bars.getChildAt(it).contentDescription }
        assertEquals(listOf<CharSequence>("negative, 2.7%", "positive, 97.3%"), read)
        assertEquals(973, bars.getChildAt(1).findViewById<ProgressBar>(R.id.bar_progress).progress)
        assertEquals("I liked it 😀", app.classes.asked.single())
    }

    @Test
    fun `a model is opened when its tab is first seen, and closed at the end`() {
        assertEquals(1, screen.app.opened)
        repeat(2) {
            screen.touch(R.id.classes_button)
            screen.touch(R.id.questions_button)
        }
        assertEquals(2, app.opened)
        screen.leave()
        assertEquals(listOf(1, 1), listOf(app.questions.closed, app.classes.closed))
    }
}
