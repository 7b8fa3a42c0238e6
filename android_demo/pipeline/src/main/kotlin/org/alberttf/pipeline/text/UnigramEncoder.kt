package org.alberttf.pipeline.text

/** The best way to cut a text into N pieces. */
internal class Cut(
    /** [N] where each piece ends, in bytes; it begins where the one before ends. */
    val ends: IntArray,
    /** [N] */
    val ids: IntArray,
)

/**
 * Finds the pieces of the highest total score.
 *
 * Scores are added as SentencePiece adds them, in 32 bits and in its order, so that of two cuts
 * that are equally good the same one wins.
 *
 * Source: google/sentencepiece 0.2.3 unigram_model.cc, EncodeOptimized.
 */
internal class UnigramEncoder(
    pieces: List<Piece>,
) {
    private val unknownId = pieces.indexOfFirst { it.type == PieceType.UNKNOWN }
    private val unknownScore = lowestScore(pieces) - UNKNOWN_PENALTY
    private val scores = FloatArray(pieces.size) { score(pieces[it]) } // [V]
    private val trie: DoubleArray

    init {
        val ids = pieces.indices.filter { pieces[it].isText && pieces[it].type != PieceType.UNUSED }
        trie = doubleArrayOf(ids.map { utf8(pieces[it].text) }, ids)
    }

    fun encode(text: NormalizedText): Cut {
        val lattice = Lattice(text.size)
        var start = 0
        while (start < text.size) {
            val next = minOf(start + utf8Length(text.bytes[start]), text.size)
            extend(lattice, text, start, next)
            start = next
        }
        return lattice.best()
    }

    /** Offers every piece that stands at [start]; the first character there ends at [next]. */
    private fun extend(
        lattice: Lattice,
        text: NormalizedText,
        start: Int,
        next: Int,
    ) {
        val before = lattice.scoreAt(start)
        var hasOneCharacter = false
        var node = 0
        for (place in start until text.size) {
            node = trie.child(node, text.bytes[place])
            if (node == DoubleArray.NONE) break
            val id = trie.value(node)
            if (id == DoubleArray.NONE) continue
            lattice.offer(start, place + 1, id, scores[id] + before)
            if (place + 1 == next) hasOneCharacter = true
        }
        if (!hasOneCharacter) lattice.offer(start, next, unknownId, unknownScore + before)
    }

    private companion object {
        const val UNKNOWN_PENALTY = 10f

        fun lowestScore(pieces: List<Piece>): Float {
            val scores = pieces.filter { it.type == PieceType.NORMAL }.map { it.score }
            return scores.minOrNull() ?: Float.MAX_VALUE
        }

        /** User-defined pieces win over what they are made of. */
        fun score(piece: Piece): Float =
            when (piece.type) {
                PieceType.USER_DEFINED -> (0.1 * (utf8(piece.text).size - 1)).toFloat()
                else -> piece.score
            }
    }
}

/** The best way to each place of a text. */
private class Lattice(
    private val size: Int,
) {
    private val scores = FloatArray(size + 1)
    private val starts = IntArray(size + 1)
    private val ids = IntArray(size + 1)
    private var furthest = 0

    init {
        starts.fill(NONE)
    }

    /** The score up to [start], where the next pieces will be offered. */
    fun scoreAt(start: Int): Float {
        val score = scores[start]
        if (score < -FAR_FROM_ZERO || score > FAR_FROM_ZERO) {
            // In 32 bits small differences are lost in large numbers, so counting starts anew.
            for (end in start..furthest) {
                if (end == start || starts[end] != NONE) scores[end] -= score
            }
            return 0f
        }
        return score
    }

    fun offer(
        start: Int,
        end: Int,
        id: Int,
        score: Float,
    ) {
        if (end > furthest) furthest = end
        if (starts[end] == NONE || score > scores[end]) {
            scores[end] = score
            starts[end] = start
            ids[end] = id
        }
    }

    fun best(): Cut {
        var count = 0
        var end = size
        while (end > 0) {
            count++
            end = starts[end]
        }
        val cut = Cut(IntArray(count), IntArray(count))
        end = size
        for (number in count - 1 downTo 0) {
            cut.ends[number] = end
            cut.ids[number] = ids[end]
            end = starts[end]
        }
        return cut
    }

    private companion object {
        const val NONE = -1
        const val FAR_FROM_ZERO = 100_000f
    }
}
