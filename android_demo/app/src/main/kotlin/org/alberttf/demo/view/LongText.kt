package org.alberttf.demo.view

import android.text.InputFilter
import android.text.Spanned
import android.text.style.BackgroundColorSpan
import android.text.style.ForegroundColorSpan
import android.view.View
import android.widget.EditText
import android.widget.TextView
import org.alberttf.demo.R
import org.alberttf.demo.state.Draft
import java.text.NumberFormat

/** Longest text, in UTF-16 units, that is laid out as a whole, and saved with the activity. */
const val SHOWN_LENGTH: Int = 10_000

/**
 * A field that takes a text of any length.
 *
 * Laying a long text out would hold the screen up for seconds. So beyond [SHOWN_LENGTH] the field
 * shows a part of it that cannot be edited, and a note with a button that clears it.
 *
 * @param explanation the string of that note, which tells a number of characters.
 * @param cleared is called before that button clears the text.
 */
class LongText(
    private val input: EditText,
    private val note: TextView,
    private val clear: View,
    private val draft: Draft,
    private val explanation: Int,
    private val cleared: () -> Unit,
) {
    private val editable = input.keyListener
    private val inputType = input.inputType
    private var marks = listOf<Any>()
    private val isLong get() = draft.text.length > SHOWN_LENGTH

    init {
        input.filters += InputFilter(::filter)
        input.addTextChangedListener(TextRead(::typed))
        clear.setOnClickListener {
            cleared()
            replace("")
            input.requestFocus()
        }
        show()
    }

    /** Puts another text into the field. */
    fun replace(text: String) {
        draft.text = text
        show()
    }

    /** Marks the characters [from] until [to], and of a long text shows where they are. */
    fun highlight(
        from: Int,
        to: Int,
    ) {
        clearHighlight()
        val shift = show(from)
        val end = (to + shift).coerceAtMost(input.length())
        val colors = input.context
        marks =
            listOf(
                BackgroundColorSpan(colors.getColor(R.color.highlight)),
                ForegroundColorSpan(colors.getColor(R.color.on_highlight)),
            )
        for (mark in marks) {
            input.text.setSpan(mark, from + shift, end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        }
    }

    /** Takes that mark away; colours of a keyboard or of a pasted text stay. */
    fun clearHighlight() {
        marks.forEach(input.text::removeSpan)
        marks = listOf()
    }

    /** Shows the text, a long one around [place]. Returns what to add to a place in the text. */
    private fun show(place: Int = 0): Int {
        showNote()
        if (!isLong) {
            if (input.text.toString() != draft.text) input.setText(draft.text)
            return 0
        }
        val text = draft.text
        val part = excerpt(text, place)
        val before = if (part.first > 0) ELLIPSIS else ""
        val after = if (part.last + 1 < text.length) ELLIPSIS else ""
        input.setText(before + text.substring(part) + after)
        return before.length - part.first
    }

    private fun showNote() {
        allowEdits(!isLong)
        clear.visibility = visibleIf(isLong)
        note.visibility = visibleIf(isLong || draft.isLost)
        note.text =
            if (draft.isLost) {
                note.context.getString(R.string.lost_text)
            } else {
                val count = draft.text.codePointCount(0, draft.text.length)
                val length = NumberFormat.getIntegerInstance().format(count)
                note.context.getString(explanation, length)
            }
    }

    private fun allowEdits(isAllowed: Boolean) {
        // Each assignment starts the keyboard anew, which breaks off a syllable half written.
        if (isAllowed == (input.keyListener != null)) return
        input.keyListener = if (isAllowed) editable else null
        if (isAllowed) input.setRawInputType(inputType)
    }

    private fun typed(now: String) {
        if (isLong || draft.text == now) return
        clearHighlight()
        draft.text = now
        showNote()
    }

    /** Keeps a text that is too long out of the field, and shows it the other way. */
    private fun filter(
        source: CharSequence,
        start: Int,
        end: Int,
        shown: Spanned,
        from: Int,
        to: Int,
    ): CharSequence? {
        if (shown.length - (to - from) + (end - start) <= SHOWN_LENGTH) return null
        val whole =
            buildString {
                append(shown, 0, from)
                append(source, start, end)
                append(shown, to, shown.length)
            }
        // The field is in the middle of an edit, and must not be changed before its end.
        input.post { replace(whole) }
        return shown.subSequence(from, to)
    }

    private companion object {
        const val ELLIPSIS = "…"
    }
}

/** About a thousand characters around [place], which cut no character in half. */
internal fun excerpt(
    text: String,
    place: Int,
): IntRange {
    var first = (place - 300).coerceAtLeast(0)
    var past = (first + 1_000).coerceAtMost(text.length)
    if (first > 0 && text[first].isLowSurrogate()) first++
    if (past < text.length && text[past].isLowSurrogate()) past--
    return first until past
}
