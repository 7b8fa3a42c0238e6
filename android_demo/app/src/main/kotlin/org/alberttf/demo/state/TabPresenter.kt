package org.alberttf.demo.state

import java.util.concurrent.CancellationException
import java.util.concurrent.Executor

/** An open model, seen as what it answers. It is used by one thread at a time. */
interface Answerer<in Q, out A> : AutoCloseable {
    val facts: Facts

    /**
     * @param progress is told after each window; what it throws ends the answer.
     * @throws TextException the request holds half a character.
     */
    fun answer(
        request: Q,
        progress: (done: Int, total: Int) -> Unit,
    ): A
}

/**
 * Opens a model and asks it, away from the thread that draws.
 *
 * Everything here is called on the main thread. A later job makes the one before it void: what
 * that still finds is dropped, and it ends after the window it is at.
 *
 * @param open gives the model, which [close] closes.
 * @param background runs one job after another.
 * @param main runs jobs on the main thread, in order.
 * @param nanoTime the clock that latency is read from.
 */
class TabPresenter<Q, A>(
    private val open: () -> Answerer<Q, A>,
    private val background: Executor,
    private val main: Executor,
    private val nanoTime: () -> Long,
) : AutoCloseable {
    var state: TabState<A> = TabState.Loading
        private set(value) {
            field = value
            if (value is TabState.Answer) reply = value.reply
            listener?.invoke(value)
        }

    /** Is told the state now and whenever it changes. */
    var listener: ((TabState<A>) -> Unit)? = null
        set(value) {
            field = value
            value?.invoke(state)
        }

    /** The answer shown; one of an earlier process, given before [load], is shown again. */
    var reply: Reply<A>? = null

    @Volatile private var model: Answerer<Q, A>? = null

    @Volatile private var current: Any? = null

    /** Opens the model, unless that was tried before. */
    fun load() {
        if (current == null && model == null) openModel()
    }

    /** Opens the model where that failed before. */
    fun retry() {
        if (state is TabState.Failure && model == null) openModel()
    }

    /** Asks the model; without one, or while it is busy, nothing happens. */
    fun ask(request: Q) {
        val asked = model
        if (asked == null || state is TabState.Loading || state is TabState.Running) return
        reply = null
        start(TabState.Running(asked.facts)) { job ->
            val begin = nanoTime()
            val value =
                asked.answer(request) { done, total ->
                    if (current !== job) throw CancellationException("stopped at window $done")
                    post(job, TabState.Running(asked.facts, done, total))
                }
            TabState.Answer(asked.facts, Reply(value, (nanoTime() - begin) / NANOS_PER_MILLI))
        }
    }

    /** Stops an answer that is being looked for. */
    fun cancel() {
        val running = state as? TabState.Running ?: return
        current = null
        state = TabState.Failure(Problem(Problem.Kind.STOPPED, ""), running.facts)
    }

    /** Drops the answer, one that is being looked for too: the text it is about has gone. */
    fun forget() {
        reply = null
        val facts = state.facts ?: return
        current = null
        state = TabState.Ready(facts)
    }

    /** Closes the model once the job that uses it has ended. */
    override fun close() {
        current = null
        listener = null
        background.execute { model?.close() }
    }

    private fun openModel() =
        start(TabState.Loading) { TabState.Ready(open().also { model = it }.facts) }

    private fun start(
        shown: TabState<A>,
        work: (job: Any) -> TabState<A>,
    ) {
        val job = Any()
        current = job
        state = shown
        background.execute {
            val outcome =
                try {
                    work(job)
                } catch (error: Throwable) {
                    val problem = problemOf(error) ?: throw error
                    TabState.Failure(problem, model?.facts)
                }
            post(job, outcome)
        }
    }

    private fun post(
        job: Any,
        next: TabState<A>,
    ) = main.execute { if (current === job) state = restored(next) }

    /** A model that was opened shows its earlier answer, unless that was forgotten meanwhile. */
    private fun restored(next: TabState<A>): TabState<A> {
        val known = reply
        return if (next is TabState.Ready && known != null) {
            TabState.Answer(next.facts, known)
        } else {
            next
        }
    }

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000L
    }
}
