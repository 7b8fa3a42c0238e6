package org.alberttf.demo.view

import android.os.Bundle
import org.alberttf.demo.state.Demo
import org.alberttf.demo.state.Draft
import org.alberttf.demo.state.Reply
import org.alberttf.demo.state.Tab
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction

// Android ends an app whose saved state is large. All that is written here is below 100 KB: three
// texts of at most SHOWN_LENGTH UTF-16 units of two bytes, and answers of at most this many.
private const val ANSWER_LENGTH = 10_000

/** Writes what must survive the end of the process; of texts that are too long, that they were. */
internal fun Demo.save(to: Bundle) {
    to.putString("tab", tab.name)
    for ((name, draft) in drafts()) {
        val isLong = draft.text.length > SHOWN_LENGTH
        to.putString(name, if (isLong) "" else draft.text)
        to.putBoolean("$name lost", isLong || draft.isLost)
    }
    questions.reply?.let { to.putBundle("answer", written(it)) }
    classes.reply?.let { to.putBundle("class", writtenClass(it)) }
}

/** Reads what [save] wrote, before a model is opened. */
internal fun Demo.restore(from: Bundle) {
    tab = Tab.valueOf(from.getString("tab", Tab.QUESTIONS.name))
    for ((name, draft) in drafts()) {
        draft.text = from.getString(name, "")
        draft.isLost = from.getBoolean("$name lost")
    }
    questions.reply = from.getBundle("answer")?.let(::readAnswer)
    classes.reply = from.getBundle("class")?.let(::readClass)
}

private fun Demo.drafts(): Map<String, Draft> =
    mapOf("passage" to passage, "question" to question, "text" to text)

private fun written(reply: Reply<AnswerPrediction>): Bundle? {
    val answer = reply.value
    if (answer.text.length + answer.bestWords.orEmpty().length > ANSWER_LENGTH) return null
    return Bundle().apply {
        putLong("millis", reply.millis)
        putString("text", answer.text)
        putInt("start", answer.start)
        putInt("end", answer.end)
        putFloat("score", answer.score)
        answer.nullScoreDifference?.let { putDouble("null", it) }
        putString("best", answer.bestWords)
    }
}

private fun readAnswer(from: Bundle) =
    Reply(
        AnswerPrediction(
            from.getString("text", ""),
            from.getInt("start"),
            from.getInt("end"),
            from.getFloat("score"),
            if (from.containsKey("null")) from.getDouble("null") else null,
            from.getString("best"),
        ),
        from.getLong("millis"),
    )

private fun writtenClass(reply: Reply<ClassPrediction>): Bundle? {
    val (label, probabilities) = reply.value
    if (probabilities.keys.sumOf { it.length + Float.SIZE_BYTES } > ANSWER_LENGTH) return null
    return Bundle().apply {
        putLong("millis", reply.millis)
        putString("label", label)
        putStringArray("labels", probabilities.keys.toTypedArray())
        putFloatArray("probabilities", probabilities.values.toFloatArray())
    }
}

private fun readClass(from: Bundle): Reply<ClassPrediction>? {
    val labels = from.getStringArray("labels") ?: return null
    val probabilities = from.getFloatArray("probabilities") ?: return null
    val prediction =
        ClassPrediction(from.getString("label", ""), labels.zip(probabilities.asList()).toMap())
    return Reply(prediction, from.getLong("millis"))
}
