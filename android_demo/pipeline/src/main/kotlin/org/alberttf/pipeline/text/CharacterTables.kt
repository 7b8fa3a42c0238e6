package org.alberttf.pipeline.text

/** Which kind each character is of, in runs. */
internal class KindTable(
    text: String,
) {
    private val firsts: IntArray // of each run
    private val kinds: IntArray // of each run
    private val common = IntArray(0x10000) // of each of the first characters

    init {
        val numbers = TableReader(text)
        var first = 0
        val runs = ArrayList<Pair<Int, Int>>()
        while (numbers.hasNext()) {
            val end = first + numbers.next()
            val kind = numbers.next()
            runs.add(first to kind)
            if (first < common.size) common.fill(kind, first, minOf(end, common.size))
            first = end
        }
        firsts = IntArray(runs.size) { runs[it].first }
        kinds = IntArray(runs.size) { runs[it].second }
    }

    operator fun get(code: Int): Int =
        if (code < common.size) common[code] else kinds[lastAtMost(firsts, code)]
}

/** The capitals, in runs of every or every second character. */
internal class SmallLetterTable(
    text: String,
) {
    private val firsts: IntArray
    private val lasts: IntArray
    private val steps: IntArray
    private val ways: IntArray

    init {
        val numbers = TableReader(text)
        var end = 0
        val runs = ArrayList<IntArray>()
        while (numbers.hasNext()) {
            val first = end + numbers.next()
            val count = numbers.next()
            val step = numbers.next()
            end = first + (count - 1) * step
            runs.add(intArrayOf(first, end, step, numbers.nextSigned()))
        }
        firsts = IntArray(runs.size) { runs[it][0] }
        lasts = IntArray(runs.size) { runs[it][1] }
        steps = IntArray(runs.size) { runs[it][2] }
        ways = IntArray(runs.size) { runs[it][3] }
    }

    operator fun get(code: Int): Int {
        val run = lastAtMost(firsts, code)
        val isIn = run >= 0 && code <= lasts[run] && (code - firsts[run]) % steps[run] == 0
        return if (isIn) code + ways[run] else code
    }
}

/** The letters with accents, each with its parts that are none. */
internal class PlainLetterTable(
    text: String,
) {
    private val letters: IntArray
    private val firstParts: IntArray
    private val parts: IntArray

    init {
        val numbers = TableReader(text)
        val letters = ArrayList<Int>()
        val firstParts = arrayListOf(0)
        val parts = ArrayList<Int>()
        var letter = 0
        var last = 0
        while (numbers.hasNext()) {
            letter += numbers.next()
            letters.add(letter)
            val count = numbers.next()
            repeat(count) { parts.add(last + numbers.nextSigned()) }
            last = parts[parts.size - count]
            firstParts.add(parts.size)
        }
        this.letters = letters.toIntArray()
        this.firstParts = firstParts.toIntArray()
        this.parts = parts.toIntArray()
    }

    /** The number of a letter, or less than 0. */
    fun find(code: Int): Int = letters.binarySearch(code)

    /** Writes the parts of a letter to [target] and returns how many there are. */
    fun parts(
        letter: Int,
        target: IntArray,
    ): Int {
        val first = firstParts[letter]
        val count = firstParts[letter + 1] - first
        for (number in 0 until count) target[number] = parts[first + number]
        return count
    }
}

/** Reads the numbers that tests/android/unicode_tables.py writes. */
private class TableReader(
    private val text: String,
) {
    private var place = 0

    fun hasNext(): Boolean = place < text.length

    fun next(): Int {
        var number = 0
        var shift = 0
        while (text[place] < LAST_DIGIT) {
            number = number or ((text[place++] - DIGIT) shl shift)
            shift += 5
        }
        return number or ((text[place++] - LAST_DIGIT) shl shift)
    }

    /** Twice a number, or twice a number below zero without sign, less one. */
    fun nextSigned(): Int = next().let { (it ushr 1) xor -(it and 1) }

    private companion object {
        const val DIGIT = '%'
        const val LAST_DIGIT = ']'
    }
}

/** Where the last number is that is not above [limit], or -1. */
private fun lastAtMost(
    ascending: IntArray,
    limit: Int,
): Int {
    val place = ascending.binarySearch(limit)
    return if (place >= 0) place else -place - 2
}
