package org.alberttf.demo.model

import org.alberttf.demo.state.Facts
import org.alberttf.demo.state.Problem
import org.alberttf.demo.state.Question
import org.alberttf.demo.state.TabPresenter
import org.alberttf.demo.state.TabState
import org.alberttf.demo.state.TextException
import org.alberttf.pipeline.runtime.CONTRACT_FILE
import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.runtime.EngineException
import org.alberttf.pipeline.runtime.EngineFactory
import org.alberttf.pipeline.runtime.ModelFiles
import org.alberttf.pipeline.tasks.AnswerPrediction
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs

private val FACTS = Facts("float32", 3, "albert_tf 0.1.0")
private const val PASSAGE = "where is the the the the the the garden"

/** The whole way from the files of an export to the state of a tab. */
class AnswerersTest {
    private val files = TinyExport(QUESTION_ANSWERING)
    private val engine = TinyEngine(QUESTION_ANSWERING)

    private fun presenter(
        files: ModelFiles = this.files,
        engines: EngineFactory = EngineFactory { _, _ -> engine },
    ): TabPresenter<Question, AnswerPrediction> {
        val open = { openQuestionAnswering(files, engines) }
        return TabPresenter(open, Runnable::run, Runnable::run) { 0L }.apply { load() }
    }

    private fun assertFails(
        kind: Problem.Kind,
        words: String,
        presenter: TabPresenter<*, *>,
    ) {
        val failure = assertIs<TabState.Failure>(presenter.state)
        assertEquals(kind, failure.problem.kind)
        assertContains(failure.problem.detail, words)
    }

    @Test
    fun `an export answers a question, window by window`() {
        val presenter = presenter()
        assertEquals(TabState.Ready(FACTS), presenter.state)
        val windows = mutableListOf<Int>()
        presenter.listener = { if (it is TabState.Running) windows += it.done }
        presenter.ask(Question("where is", PASSAGE))
        assertEquals("garden", presenter.reply?.value?.text)
        assertEquals(PASSAGE.indexOf("garden"), presenter.reply?.value?.start)
        assertEquals(windows.indices.toList(), windows)
        assertEquals(true, windows.size > 2)
    }

    @Test
    fun `an export tells classes apart`() {
        val engine = TinyEngine(CLASSIFICATION)
        val model = openClassification(TinyExport(CLASSIFICATION)) { _, _ -> engine }
        val prediction = model.answer("the garden") { _, _ -> }
        assertEquals(
            "yes" to mapOf("no" to .2f, "yes" to .8f),
            prediction.label to prediction.probabilities,
        )
        model.close()
        assertEquals(1, engine.closed)
    }

    @Test
    fun `without files a model is missing`() {
        files.content.clear()
        assertFails(Problem.Kind.MISSING, CONTRACT_FILE, presenter())
    }

    @Test
    fun `without its model file too`() {
        files.content -= "model.tflite"
        assertFails(Problem.Kind.MISSING, "model.tflite", presenter())
    }

    @Test
    fun `a changed file is told by its checksum`() {
        files.content["model.tflite"] = byteArrayOf(1, 2, 4)
        assertFails(Problem.Kind.CONTRACT, "does not match its checksum", presenter())
        files.content["vocab.txt"] = byteArrayOf()
        assertFails(Problem.Kind.CONTRACT, "vocab.txt must have", presenter())
    }

    @Test
    fun `a contract of another version is refused`() {
        val newer =
            TinyExport(QUESTION_ANSWERING) {
                it.replace("\"format_version\": 2", "\"format_version\": 3")
            }
        assertFails(Problem.Kind.CONTRACT, "format_version must be 2; got 3", presenter(newer))
    }

    @Test
    fun `an export of the other task is refused and closed`() {
        val other = TinyEngine(CLASSIFICATION)
        val presenter = presenter(TinyExport(CLASSIFICATION)) { _, _ -> other }
        assertFails(Problem.Kind.CONTRACT, "got classification", presenter)
        assertEquals(1, other.closed)
    }

    @Test
    fun `a classifier of pairs is refused and closed`() {
        val pairs =
            TinyExport(CLASSIFICATION) {
                it.replace("\"pair_column\": null", "\"pair_column\": \"hypothesis\"")
            }
        val engine = TinyEngine(CLASSIFICATION)
        val error =
            assertFailsWith<ContractException> { openClassification(pairs) { _, _ -> engine } }
        assertContains(error.message.orEmpty(), "must hold a file for single texts")
        assertContains(error.message.orEmpty(), "got one for pairs of text and hypothesis.")
        assertEquals(1, engine.closed)
    }

    @Test
    fun `half a character is told from a mistake in the program`() {
        val presenter = presenter()
        // WordPiece drops the half; the engine refuses in the place of SentencePiece.
        engine.failure = IllegalArgumentException("half of one (a lone surrogate) at 4")
        for (half in listOf("\ud83d", "\ude00")) {
            presenter.ask(Question("where is", "the $half garden"))
            assertFails(Problem.Kind.TEXT, "half of one", presenter)
            presenter.ask(Question("where $half is", PASSAGE))
            assertFails(Problem.Kind.TEXT, "half of one", presenter)
        }
        assertFailsWith<IllegalArgumentException> {
            presenter.ask(Question("where is", "the 😀 garden"))
        }
    }

    @Test
    fun `half a character in a text to classify is told too`() {
        val engine = TinyEngine(CLASSIFICATION)
        val model = openClassification(TinyExport(CLASSIFICATION)) { _, _ -> engine }
        engine.failure = IllegalArgumentException("half of one (a lone surrogate) at 4")
        assertFailsWith<TextException> { model.answer("\ud83d") { _, _ -> } }
        assertFailsWith<IllegalArgumentException> { model.answer("😀") { _, _ -> } }
    }

    @Test
    fun `a file that breaks off cannot be read`() {
        val broken =
            object : ModelFiles by files {
                override fun map(name: String) = throw IOException("bad block")
            }
        assertFails(Problem.Kind.UNREADABLE, "bad block", presenter(broken))
    }

    @Test
    fun `an engine without memory says so, and one that refuses the file`() {
        val tooLarge = EngineException("no memory is left", OutOfMemoryError())
        assertFails(Problem.Kind.MEMORY, "memory", presenter { _, _ -> throw tooLarge })
        val unknown = EngineException("no such op")
        assertFails(Problem.Kind.ENGINE, "no such op", presenter { _, _ -> throw unknown })
    }

    @Test
    fun `an engine that runs out of memory can be asked again`() {
        val presenter = presenter()
        engine.failure = EngineException("no memory is left", OutOfMemoryError())
        presenter.ask(Question("where is", PASSAGE))
        assertFails(Problem.Kind.MEMORY, "memory", presenter)
        engine.failure = null
        presenter.ask(Question("where is", PASSAGE))
        assertEquals("garden", presenter.reply?.value?.text)
    }

    @Test
    fun `an emoji in the passage does not shift the answer`() {
        val presenter = presenter()
        presenter.ask(Question("where is", "the 😀 garden"))
        assertEquals(7, presenter.reply?.value?.start)
    }
}
