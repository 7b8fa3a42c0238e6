package org.alberttf.demo.state

import org.alberttf.demo.FakeModel
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** With a thread of its own, where [TabPresenterTest] has jobs that run when told to. */
class ThreadedTabPresenterTest {
    @Test
    fun `closing waits for the window that is being read`() {
        val model = FakeModel<String, String> { request, _ -> request.reversed() }
        val thread = Executors.newSingleThreadExecutor()
        val reading = CountDownLatch(1)
        val go = CountDownLatch(1)
        var closedWhileReading = false
        model.reply = { _, progress ->
            reading.countDown()
            go.await()
            closedWhileReading = model.closed > 0
            progress(1, 9)
            "never"
        }
        val threaded = TabPresenter({ model }, thread, Runnable::run, System::nanoTime)
        val ready = CountDownLatch(1)
        threaded.listener = { if (it is TabState.Ready) ready.countDown() }
        threaded.load()
        assertTrue(ready.await(1, TimeUnit.MINUTES))
        threaded.ask("a")
        assertTrue(reading.await(1, TimeUnit.MINUTES))
        threaded.close()
        go.countDown()
        thread.shutdown()
        assertTrue(thread.awaitTermination(1, TimeUnit.MINUTES))
        assertEquals(false to 1, closedWhileReading to model.closed)
    }
}
