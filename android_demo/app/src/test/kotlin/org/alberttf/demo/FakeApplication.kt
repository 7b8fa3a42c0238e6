package org.alberttf.demo

import android.os.Looper
import org.alberttf.demo.state.Answerer
import org.alberttf.demo.state.Facts
import org.alberttf.demo.state.Question
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

val FACTS = Facts("dynamic_wi8_afp32", 12_345_678, "albert_tf 0.1.0")

/** A model that says what it is told to. */
class FakeModel<Q, A>(
    var reply: (request: Q, progress: (Int, Int) -> Unit) -> A,
) : Answerer<Q, A> {
    override val facts = FACTS
    val asked = mutableListOf<Q>()
    var closed = 0

    override fun answer(
        request: Q,
        progress: (done: Int, total: Int) -> Unit,
    ): A {
        asked += request
        return reply(request, progress)
    }

    override fun close() {
        closed++
    }
}

/** The app with models that tests make up, working when it is told to. */
class FakeApplication : DemoApplication() {
    private val jobs = Jobs()
    override val forQuestions = jobs
    override val forClasses = jobs

    val questions = FakeModel<Question, AnswerPrediction> { asked, _ -> find("142", asked.passage) }
    val classes =
        FakeModel<String, ClassPrediction> { _, _ ->
            ClassPrediction("positive", mapOf("negative" to 0.027f, "positive" to 0.973f))
        }
    var opened = 0

    /** Is thrown where a model should be opened. */
    var broken: Exception? = null

    override fun questionModel(): FakeModel<Question, AnswerPrediction> = open(questions)

    override fun classModel(): FakeModel<String, ClassPrediction> = open(classes)

    private fun <M> open(model: M): M {
        opened++
        broken?.let { throw it }
        return model
    }

    /** Lets background and main thread do all they have. */
    fun work() {
        jobs.runAll()
        show()
    }

    /** Lets the main thread do all it has. */
    fun show(): Unit = shadowOf(Looper.getMainLooper()).idle()

    companion object {
        val running: FakeApplication get() = RuntimeEnvironment.getApplication() as FakeApplication

        /** An answer that is [words], where they first stand in the passage. */
        fun find(
            words: String,
            passage: String,
        ): AnswerPrediction {
            val start = passage.indexOf(words)
            return AnswerPrediction(words, start, start + words.length, 9.5f)
        }
    }
}
