package org.alberttf.pipeline.text

import java.io.DataInputStream
import java.io.File

private const val SHOWN = 5

/**
 * Reads texts again that Python has read, and prints how many give other tokens.
 *
 * Arguments: a folder with `spiece.model` or `vocab.txt`, and a file that
 * tests/android/test_tokenizers.py wrote: for each text its UTF-8, its ids, and where its spans
 * start and end in characters (code points).
 */
internal fun main(args: Array<String>) {
    val (folder, file) = args
    val tokenizer = openFolder(File(folder))
    var texts = 0
    var differences = 0
    DataInputStream(File(file).inputStream().buffered(1 shl 20)).use { input ->
        while (true) {
            val size = input.readInt()
            if (size < 0) break
            val text = ByteArray(size).also(input::readFully).decodeToString()
            val places = placesOfCharacters(text)
            val expectedIds = input.readNumbers()
            val expectedPlaces = List(2) { input.readNumbers().map(places) }
            val expected = listOf(expectedIds) + expectedPlaces
            val encoding = tokenizer.encode(text)
            val found = listOf(encoding.tokenIds, encoding.starts, encoding.ends)
            val isSame = expected.zip(found).all { (one, other) -> one.contentEquals(other) }
            texts++
            if (!isSame && differences++ < SHOWN) show(text, expected, found)
        }
    }
    println("$differences of $texts texts differ")
}

private fun DataInputStream.readNumbers(): IntArray = IntArray(readInt()) { readUnsignedShort() }

private fun IntArray.map(places: IntArray): IntArray = IntArray(size) { places[this[it]] }

/** Where each character (code point) begins in UTF-16 units, and where the text ends. */
private fun placesOfCharacters(text: String): IntArray {
    val places = IntArray(text.codePointCount(0, text.length) + 1)
    for (i in 1 until places.size) places[i] = text.offsetByCodePoints(places[i - 1], 1)
    return places
}

private fun show(
    text: String,
    expected: List<IntArray>,
    found: List<IntArray>,
) {
    val codes = text.codePoints().toArray().joinToString(" ") { it.toString(16) }
    println("text     $text ($codes)")
    println("expected ${expected.joinToString { it.joinToString(" ") }}")
    println("found    ${found.joinToString { it.joinToString(" ") }}")
}
