package org.alberttf.demo.state

import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction

/** A text that a person writes, in full, however long it is. */
class Draft(
    text: String = "",
) {
    var text: String = text
        set(value) {
            field = value
            isLost = false
        }

    /** Whether a text that was too long to be saved stood here before Android closed the app. */
    var isLost: Boolean = false
}

/** What the screen shows one of. */
enum class Tab { QUESTIONS, CLASSES }

/**
 * Both tabs and the texts in them, which outlive a rotation of the screen.
 *
 * Whoever makes one closes it.
 */
class Demo(
    val questions: TabPresenter<Question, AnswerPrediction>,
    val classes: TabPresenter<String, ClassPrediction>,
) : AutoCloseable {
    var tab: Tab = Tab.QUESTIONS
    val passage: Draft = Draft()
    val question: Draft = Draft()

    /** What is to be classified. */
    val text: Draft = Draft()

    override fun close() {
        questions.close()
        classes.close()
    }
}
