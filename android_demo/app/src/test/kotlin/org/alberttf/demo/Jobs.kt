package org.alberttf.demo

import java.util.concurrent.Executor

/** Keeps jobs until they are told to run. */
class Jobs : Executor {
    private val waiting = ArrayDeque<Runnable>()

    override fun execute(job: Runnable) {
        waiting += job
    }

    /** Runs the jobs that wait, and those that they add. */
    fun runAll() {
        while (waiting.isNotEmpty()) waiting.removeFirst().run()
    }
}
