package org.alberttf.pipeline.text

import java.io.File
import java.lang.management.ManagementFactory

private const val WARM_UP_ROUNDS = 3
private const val ROUNDS = 7

/**
 * Prints how fast a vocabulary reads the lines of a text file, spans included, in one thread.
 *
 * Time is taken from the clock, and as the thread itself used it, which other programs that run
 * at the same time do not change.
 *
 * Arguments: a folder with `spiece.model` or `vocab.txt`, and a text file in UTF-8.
 */
internal fun main(args: Array<String>) {
    val (folder, text) = args
    val tokenizer = openFolder(File(folder))
    val lines = File(text).readLines()
    val megabytes = lines.sumOf { it.toByteArray().size } / 1e6
    val rounds = List(WARM_UP_ROUNDS + ROUNDS) { timed { readAll(tokenizer, lines) } }
    val measured = rounds.drop(WARM_UP_ROUNDS)
    val (clock, thread) = listOf(measured.map { it.first }, measured.map { it.second })
    println("%.1f MB/s by the clock".format(megabytes / median(clock)))
    println("%.1f MB/s of the thread's time".format(megabytes / median(thread)))
}

internal fun openFolder(folder: File): Tokenizer =
    loadTokenizer(folder.list().orEmpty().toSet()) { folder.resolve(it).inputStream() }

private fun readAll(
    tokenizer: Tokenizer,
    lines: List<String>,
) {
    var tokens = 0L
    for (line in lines) tokens += tokenizer.encode(line).tokenIds.size
    check(tokens > 0)
}

/** Seconds by the clock, and of this thread. */
private fun timed(work: () -> Unit): Pair<Double, Double> {
    val threads = ManagementFactory.getThreadMXBean()
    val start = System.nanoTime() to threads.currentThreadCpuTime
    work()
    return (System.nanoTime() - start.first) / 1e9 to
        (threads.currentThreadCpuTime - start.second) / 1e9
}

private fun median(numbers: List<Double>): Double = numbers.sorted()[numbers.size / 2]
