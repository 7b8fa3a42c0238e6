package org.alberttf.demo.view

import android.text.format.Formatter
import android.view.View
import android.widget.ProgressBar
import android.widget.TextView
import org.alberttf.demo.R
import org.alberttf.demo.state.Facts
import org.alberttf.demo.state.Problem
import org.alberttf.demo.state.Reply
import org.alberttf.demo.state.TabPresenter
import org.alberttf.demo.state.TabState

/**
 * What both tabs show alike: the model's facts, progress, problems, and how long an answer took.
 *
 * @param tab holds the views, by the ids of `outcome.xml`.
 * @param showAnswer shows what the model said; null where there is no answer now.
 */
class Outcome<A>(
    private val tab: View,
    private val presenter: TabPresenter<*, A>,
    private val showAnswer: (A?) -> Unit,
) {
    private val ask: View = tab.findViewById(R.id.ask)
    private val cancel: View = tab.findViewById(R.id.cancel)
    private val retry: View = tab.findViewById(R.id.retry)
    private val progress: ProgressBar = tab.findViewById(R.id.progress)
    private val progressText: TextView = tab.findViewById(R.id.progress_text)
    private val problem: View = tab.findViewById(R.id.problem)
    private val answer: View = tab.findViewById(R.id.answer_card)
    private val latency: TextView = tab.findViewById(R.id.latency)
    private val facts: TextView = tab.findViewById(R.id.facts)

    init {
        cancel.setOnClickListener { presenter.cancel() }
        retry.setOnClickListener { presenter.retry() }
        presenter.listener = ::show
    }

    private fun show(state: TabState<A>) {
        ask.isEnabled = state.facts != null && state !is TabState.Running
        cancel.visibility = visibleIf(state is TabState.Running)
        facts.text = state.facts?.let(::describe).orEmpty()
        facts.visibility = visibleIf(state.facts != null)
        showProgress(state)
        showProblem(state as? TabState.Failure)
        showReply((state as? TabState.Answer)?.reply)
    }

    private fun describe(facts: Facts): String {
        val size = Formatter.formatShortFileSize(tab.context, facts.bytes)
        return tab.context.getString(R.string.facts, facts.recipe, size, facts.createdBy)
    }

    private fun showProgress(state: TabState<A>) {
        val running = state as? TabState.Running
        progress.visibility = visibleIf(running != null || state is TabState.Loading)
        progressText.visibility = progress.visibility
        progress.isIndeterminate = running == null || running.total < 2
        progress.max = running?.total ?: 0
        progress.progress = running?.done ?: 0
        progressText.text =
            when {
                running == null -> tab.context.getString(R.string.loading)
                running.total < 2 -> tab.context.getString(R.string.reading)
                else -> tab.context.getString(R.string.windows, running.done, running.total)
            }
    }

    private fun showProblem(failure: TabState.Failure?) {
        problem.visibility = visibleIf(failure != null)
        retry.visibility = visibleIf(failure != null && failure.facts == null)
        if (failure == null) return
        val (title, cure) = words(failure.problem.kind)
        problem.findViewById<TextView>(R.id.problem_title).setText(title)
        problem.findViewById<TextView>(R.id.problem_cure).setText(cure)
        val detail: TextView = problem.findViewById(R.id.problem_detail)
        detail.text = failure.problem.detail
        detail.visibility = visibleIf(failure.problem.detail.isNotEmpty())
    }

    private fun showReply(reply: Reply<A>?) {
        answer.visibility = visibleIf(reply != null)
        latency.text = reply?.let { tab.context.getString(R.string.latency, it.millis) }.orEmpty()
        showAnswer(reply?.value)
    }
}

/** What is wrong, and what to do about it. */
private fun words(kind: Problem.Kind): Pair<Int, Int> =
    when (kind) {
        Problem.Kind.MISSING -> R.string.missing to R.string.missing_cure
        Problem.Kind.CONTRACT -> R.string.contract to R.string.contract_cure
        Problem.Kind.UNREADABLE -> R.string.unreadable to R.string.unreadable_cure
        Problem.Kind.MEMORY -> R.string.memory to R.string.memory_cure
        Problem.Kind.ENGINE -> R.string.engine to R.string.engine_cure
        Problem.Kind.TEXT -> R.string.text to R.string.text_cure
        Problem.Kind.STOPPED -> R.string.stopped to R.string.stopped_cure
    }

internal fun visibleIf(condition: Boolean) = if (condition) View.VISIBLE else View.GONE
