package org.alberttf.demo.view

import android.content.Context
import android.graphics.Color
import android.text.Spanned
import android.text.method.KeyListener
import android.text.style.BackgroundColorSpan
import android.view.View
import android.widget.EditText
import android.widget.TextView
import org.alberttf.demo.R
import org.alberttf.demo.state.Draft
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import kotlin.test.Test
import kotlin.test.assertEquals

/** Counts what makes Android start the keyboard anew. */
private class CountingField(
    context: Context,
) : EditText(context) {
    var restarts = 0

    override fun setKeyListener(listener: KeyListener?) {
        super.setKeyListener(listener)
        restarts++
    }
}

@RunWith(RobolectricTestRunner::class)
class LongTextTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val field = CountingField(context)
    private val draft = Draft()
    private val text =
        LongText(field, TextView(context), View(context), draft, R.string.long_text) {}

    @Test
    fun `the keyboard is left alone while a person writes`() {
        for (syllable in listOf("ㅎ", "하", "한")) field.text.replace(0, field.length(), syllable)
        assertEquals("한", draft.text)
        assertEquals(0, field.restarts)
    }

    @Test
    fun `a text that is too long, and one that is not, each tell the keyboard once`() {
        val type = field.inputType
        repeat(2) { text.replace("a".repeat(SHOWN_LENGTH + 1)) }
        assertEquals(1 to null, field.restarts to field.keyListener)
        repeat(2) { text.replace("short") }
        assertEquals(2 to type, field.restarts to field.inputType)
    }

    @Test
    fun `only the own mark goes when the text is edited`() {
        text.replace("There are 142 steps.")
        val other = BackgroundColorSpan(Color.RED)
        field.text.setSpan(other, 0, 5, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        text.highlight(10, 13)
        assertEquals(2, spans().size)
        field.append("!")
        assertEquals(listOf(other), spans())
    }

    private fun spans() =
        field.text.getSpans(0, field.length(), BackgroundColorSpan::class.java).toList()
}
