package org.alberttf.pipeline.text

import java.io.File

private const val WARM_UP_ROUNDS = 3
private const val ROUNDS = 7

/**
 * Prints how fast a vocabulary reads the lines of a text file, spans included, on one core.
 *
 * Arguments: a folder with `spiece.model` or `vocab.txt`, and a text file in UTF-8.
 */
internal fun main(args: Array<String>) {
    val (folder, text) = args
    val tokenizer = openFolder(File(folder))
    val lines = File(text).readLines()
    val megabytes = lines.sumOf { it.toByteArray().size } / 1e6
    val rounds = List(WARM_UP_ROUNDS + ROUNDS) { megabytes / secondsOf(tokenizer, lines) }
    val measured = rounds.drop(WARM_UP_ROUNDS).sorted()
    val median = measured[ROUNDS / 2]
    println(
        "%.1f MB/s; slowest round %.1f, fastest %.1f".format(median, measured[0], measured.last()),
    )
}

internal fun openFolder(folder: File): Tokenizer =
    loadTokenizer(folder.list().orEmpty().toSet()) { folder.resolve(it).inputStream() }

private fun secondsOf(
    tokenizer: Tokenizer,
    lines: List<String>,
): Double {
    val start = System.nanoTime()
    val tokens =
        lines.sumOf {
            tokenizer
                .encode(it)
                .tokenIds.size
                .toLong()
        }
    check(tokens > 0)
    return (System.nanoTime() - start) / 1e9
}
