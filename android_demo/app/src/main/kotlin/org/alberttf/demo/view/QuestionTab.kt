package org.alberttf.demo.view

import android.view.View
import android.view.inputmethod.EditorInfo
import android.widget.EditText
import android.widget.TextView
import org.alberttf.demo.R
import org.alberttf.demo.state.Demo
import org.alberttf.demo.state.Question
import org.alberttf.pipeline.tasks.AnswerPrediction

/** Finds the answer to a question in a passage, and marks it there. */
class QuestionTab(
    private val tab: View,
    private val demo: Demo,
) {
    private val question: EditText = tab.findViewById(R.id.question)
    private val answer: TextView = tab.findViewById(R.id.answer)
    private val passage =
        LongText(
            tab.findViewById(R.id.text),
            tab.findViewById(R.id.text_note),
            tab.findViewById(R.id.text_clear),
            demo.passage,
            R.string.long_passage,
            demo.questions::forget,
        )

    init {
        question.setText(demo.question.text)
        question.addTextChangedListener(TextRead { demo.question.text = it })
        question.setOnEditorActionListener { _, action, _ ->
            (action == EditorInfo.IME_ACTION_SEND).also { if (it) ask() }
        }
        tab.findViewById<View>(R.id.ask).setOnClickListener { ask() }
        val titles = tab.resources.getStringArray(R.array.passage_titles)
        offer(tab.findViewById(R.id.examples), titles, ::choose)
        Outcome(tab, demo.questions, ::show)
    }

    /** Puts a bundled passage, and a question about it, into the fields. */
    fun choose(number: Int) {
        demo.questions.forget()
        passage.replace(tab.resources.getStringArray(R.array.passages)[number])
        question.setText(tab.resources.getStringArray(R.array.passage_questions)[number])
        question.setSelection(question.length())
    }

    private fun ask() {
        if (isMissing(question, demo.question) ||
            isMissing(tab.findViewById(R.id.text), demo.passage)
        ) {
            return
        }
        hideKeyboard(tab)
        demo.questions.ask(Question(demo.question.text, demo.passage.text))
    }

    private fun show(prediction: AnswerPrediction?) {
        passage.clearHighlight()
        if (prediction == null) return
        // A text without white space may be one word, however long.
        val words = prediction.text.substring(excerpt(prediction.text, 0))
        answer.text = words.ifEmpty { tab.context.getString(R.string.no_answer) }
        // The passage may have been edited since it was read.
        val isThere = demo.passage.text.startsWith(prediction.text, prediction.start)
        if (isThere && prediction.text.isNotEmpty()) {
            passage.highlight(prediction.start, prediction.end)
        }
    }
}
