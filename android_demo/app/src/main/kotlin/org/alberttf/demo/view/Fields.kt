package org.alberttf.demo.view

import android.text.Editable
import android.text.TextWatcher
import android.view.View
import android.view.inputmethod.InputMethodManager
import android.widget.EditText
import android.widget.PopupMenu
import org.alberttf.demo.R
import org.alberttf.demo.state.Draft

/** Is told the whole text of a field after each change. */
internal class TextRead(
    private val read: (String) -> Unit,
) : TextWatcher {
    override fun afterTextChanged(now: Editable): Unit = read(now.toString())

    override fun beforeTextChanged(
        before: CharSequence,
        start: Int,
        count: Int,
        after: Int,
    ): Unit = Unit

    override fun onTextChanged(
        now: CharSequence,
        start: Int,
        before: Int,
        count: Int,
    ): Unit = Unit
}

/** Makes [button] open a list of [titles]; [choose] is told which was taken. */
internal fun offer(
    button: View,
    titles: Array<String>,
    choose: (number: Int) -> Unit,
) {
    val menu = PopupMenu(button.context, button)
    titles.forEachIndexed { number, title -> menu.menu.add(0, number, number, title) }
    menu.setOnMenuItemClickListener {
        choose(it.itemId)
        true
    }
    button.setOnClickListener { menu.show() }
}

/** Whether nothing was written, which the field then says. */
internal fun isMissing(
    input: EditText,
    draft: Draft,
): Boolean {
    if (draft.text.isNotBlank()) return false
    input.error = input.context.getString(R.string.nothing_written)
    input.requestFocus()
    return true
}

internal fun hideKeyboard(tab: View) {
    val keyboard = tab.context.getSystemService(InputMethodManager::class.java)
    keyboard.hideSoftInputFromWindow(tab.windowToken, 0)
}
