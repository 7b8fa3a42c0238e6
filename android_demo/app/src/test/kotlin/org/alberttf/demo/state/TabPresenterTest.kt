package org.alberttf.demo.state

import org.alberttf.demo.FACTS
import org.alberttf.demo.FakeModel
import org.alberttf.demo.Jobs
import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.runtime.EngineException
import java.io.FileNotFoundException
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class TabPresenterTest {
    private val background = Jobs()
    private val main = Jobs()
    private val model = FakeModel<String, String> { request, _ -> request.reversed() }
    private var failure: Throwable? = null
    private var opened = 0
    private var nanoTime = 0L
    private val seen = mutableListOf<TabState<String>>()
    private val presenter =
        TabPresenter(
            {
                opened++
                failure?.let { throw it }
                model
            },
            background,
            main,
            { nanoTime },
        ).apply { listener = { seen += it } }

    private fun work() {
        background.runAll()
        main.runAll()
    }

    private fun load() {
        presenter.load()
        work()
        seen.clear()
    }

    @Test
    fun `a model is opened once and then waits`() {
        repeat(2) { presenter.load() }
        work()
        presenter.load()
        work()
        assertEquals(1, opened)
        assertEquals(TabState.Ready(FACTS), presenter.state)
    }

    @Test
    fun `an answer comes with the time it took`() {
        load()
        model.reply = { _, _ -> "b".also { nanoTime += 143_900_000 } }
        presenter.ask("a")
        work()
        val answer = TabState.Answer(FACTS, Reply("b", 143))
        assertEquals<List<TabState<String>>>(listOf(TabState.Running(FACTS), answer), seen)
    }

    @Test
    fun `every window is told`() {
        load()
        model.reply = { _, progress ->
            progress(1, 2)
            progress(2, 2)
            "b"
        }
        presenter.ask("a")
        work()
        val windows = seen.filterIsInstance<TabState.Running>().map { it.done to it.total }
        assertEquals(listOf(0 to 0, 1 to 2, 2 to 2), windows)
    }

    @Test
    fun `nothing is asked before the model is open, or while it reads`() {
        presenter.ask("too early")
        load()
        presenter.ask("a")
        presenter.ask("impatient")
        work()
        assertEquals(listOf("a"), model.asked)
    }

    @Test
    fun `what was cancelled stops at its next window and may be asked again`() {
        load()
        var windows = 0
        model.reply = { _, progress ->
            repeat(5) {
                windows++
                if (it == 1) presenter.cancel()
                progress(it + 1, 5)
            }
            "never"
        }
        presenter.ask("a")
        work()
        assertEquals(2, windows)
        assertEquals(TabState.Failure(Problem(Problem.Kind.STOPPED, ""), FACTS), presenter.state)
        model.reply = { _, _ -> "b" }
        presenter.ask("a")
        work()
        assertEquals("b", presenter.reply?.value)
    }

    @Test
    fun `an answer that comes after cancelling is dropped`() {
        load()
        model.reply = { _, _ -> "late".also { presenter.cancel() } }
        presenter.ask("a")
        work()
        assertEquals(Problem.Kind.STOPPED, (presenter.state as TabState.Failure).problem.kind)
    }

    @Test
    fun `cancelling where nothing runs changes nothing`() {
        load()
        presenter.cancel()
        assertEquals(TabState.Ready(FACTS), presenter.state)
    }

    @Test
    fun `a model that cannot be opened says why, and may be tried again`() {
        val kinds =
            mapOf(
                FileNotFoundException("contract.json") to Problem.Kind.MISSING,
                IOException("bad block") to Problem.Kind.UNREADABLE,
                ContractException("format_version must be 2") to Problem.Kind.CONTRACT,
                EngineException("no", OutOfMemoryError()) to Problem.Kind.MEMORY,
                EngineException("no such op") to Problem.Kind.ENGINE,
                OutOfMemoryError("heap") to Problem.Kind.MEMORY,
            )
        presenter.load()
        for ((error, kind) in kinds) {
            failure = error
            presenter.retry()
            work()
            val problem = Problem(kind, error.message.orEmpty())
            assertEquals(TabState.Failure(problem, null), presenter.state)
        }
        presenter.load()
        work()
        assertEquals(kinds.size, opened)
        failure = null
        presenter.retry()
        work()
        assertEquals(TabState.Ready(FACTS), presenter.state)
    }

    @Test
    fun `an answer that fails leaves the model open`() {
        load()
        model.reply = { _, _ -> throw TextException("a lone surrogate") }
        presenter.ask("\ud83d")
        work()
        val problem = Problem(Problem.Kind.TEXT, "a lone surrogate")
        assertEquals(TabState.Failure(problem, FACTS), presenter.state)
        model.reply = { _, _ -> "b" }
        presenter.ask("a")
        work()
        assertEquals("b", presenter.reply?.value)
    }

    @Test
    fun `a mistake in the program is not hidden`() {
        val mistakes = listOf(NullPointerException(), IllegalArgumentException("two lengths"))
        for (mistake in mistakes) {
            val presenter =
                TabPresenter({ model }, background, main, { nanoTime }).apply { load() }
            work()
            model.reply = { _, _ -> throw mistake }
            presenter.ask("a")
            assertEquals(mistake, assertFailsWith<RuntimeException> { work() })
        }
    }

    @Test
    fun `an answer of an earlier process is shown when the model is open`() {
        presenter.reply = Reply("b", 5)
        load()
        assertEquals(TabState.Answer(FACTS, Reply("b", 5)), presenter.state)
    }

    @Test
    fun `an answer is forgotten with its text, and the model stays open`() {
        load()
        presenter.ask("a")
        work()
        presenter.forget()
        assertEquals(TabState.Ready(FACTS) to null, presenter.state to presenter.reply)
        presenter.load()
        presenter.ask("ab")
        work()
        assertEquals(1 to "ba", opened to presenter.reply?.value)
    }

    @Test
    fun `an answer about a text that has gone is dropped when it comes`() {
        load()
        model.reply = { _, _ -> "late".also { presenter.forget() } }
        presenter.ask("a")
        work()
        assertEquals(TabState.Ready(FACTS) to null, presenter.state to presenter.reply)
    }

    @Test
    fun `an answer of an earlier process may be forgotten before the model is open`() {
        presenter.reply = Reply("b", 5)
        presenter.load()
        presenter.forget()
        assertEquals(TabState.Loading, presenter.state)
        work()
        assertEquals(TabState.Ready(FACTS), presenter.state)
    }

    @Test
    fun `forgetting does not hide that there is no model`() {
        failure = IOException("bad block")
        load()
        presenter.forget()
        assertTrue(presenter.state is TabState.Failure)
    }

    @Test
    fun `a model that is still being opened is closed all the same`() {
        presenter.load()
        presenter.close()
        seen.clear()
        work()
        assertEquals(1, model.closed)
        assertTrue(seen.isEmpty())
    }
}
