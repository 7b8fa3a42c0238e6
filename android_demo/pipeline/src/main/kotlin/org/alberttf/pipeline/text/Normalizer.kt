package org.alberttf.pipeline.text

/** The cleaned text, C bytes of it, and where each came from. */
internal class NormalizedText(
    /** UTF-8; more than C. */
    val bytes: ByteArray,
    /** C + 1 are used: the place of each byte in the raw text, in UTF-16 units, and the end. */
    val places: IntArray,
    /** C */
    val size: Int,
) {
    /** Whether a space, as the cleaning writes it, stands at [start]. */
    fun hasSpaceAt(start: Int): Boolean = bytes.hasAt(start, ESCAPED_SPACE, size)
}

/** U+2581, the mark that stands for a space inside pieces. */
internal val ESCAPED_SPACE: ByteArray = utf8("\u2581")

private const val SPACE = ' '.code.toByte()

/**
 * Cleans text by the rules of a SentencePiece model.
 *
 * Source: google/sentencepiece normalizer.cc.
 */
internal class Normalizer(
    model: SentencePieceModel,
) {
    private val rules = if (model.charsmap.isEmpty()) null else CharacterMap(model.charsmap)
    private val untouched = untouched(model.pieces)
    private val options = model.spaces
    private val space = if (options.escape) ESCAPED_SPACE else byteArrayOf(SPACE)

    /** @throws IllegalArgumentException the text holds half a character (a lone surrogate). */
    fun normalize(text: String): NormalizedText = Pass(utf8(text)).normalize()

    /** User-defined pieces, which no rule rewrites. */
    private fun untouched(pieces: List<Piece>): DoubleArray? {
        val keys = pieces.filter { it.type == PieceType.USER_DEFINED }.map { utf8(it.text) }
        return if (keys.isEmpty()) null else doubleArrayOf(keys, keys.map { 0 })
    }

    /** One text on its way from [source] to [output]. */
    private inner class Pass(
        private val source: ByteArray,
    ) {
        private var position = 0 // in source
        private var place = 0 // the same in UTF-16 units
        private var output = ByteArray(source.size * 3 / 2 + 16)
        private var places = IntArray(output.size)
        private var size = 0

        // The characters at the position, and what becomes of them.
        private var length = 0
        private var image = source
        private var imageStart = 0
        private var imageEnd = 0

        fun normalize(): NormalizedText {
            if (options.removeExtra) skipSpaces()
            if (position < source.size) {
                if (options.addDummyPrefix) add(space)
                rewrite()
                if (options.removeExtra) dropLastSpaces()
            }
            places[size] = place
            return NormalizedText(output, places, size)
        }

        private fun skipSpaces() {
            while (position < source.size) {
                read()
                if (imageEnd - imageStart != 1 || image[imageStart] != SPACE) return
                advance()
            }
        }

        private fun rewrite() {
            var afterSpace = options.removeExtra
            while (position < source.size) {
                read()
                if (afterSpace) skipSpacesOfImage()
                if (imageStart < imageEnd) {
                    addImage()
                    afterSpace = options.removeExtra && image[imageEnd - 1] == SPACE
                }
                advance()
            }
        }

        private fun skipSpacesOfImage() {
            while (imageStart < imageEnd && image[imageStart] == SPACE) imageStart++
        }

        private fun addImage() {
            reserve((imageEnd - imageStart) * space.size)
            for (i in imageStart until imageEnd) {
                if (image[i] == SPACE) add(space) else put(image[i])
            }
        }

        private fun dropLastSpaces() {
            while (output.hasAt(size - space.size, space, size)) {
                size -= space.size
                place = places[size]
            }
        }

        /** Finds what becomes of the characters at the position. */
        private fun read() {
            length = untouched?.longestMatch(source, position)?.length ?: 0
            if (length == 0 && rules != null) {
                val rule = rules.longestMatch(source, position)
                if (rule.length > 0) {
                    length = rule.length
                    image = rules.images
                    imageStart = rule.value
                    imageEnd = rules.imageEnd(rule.value)
                    return
                }
            }
            if (length == 0) length = minOf(utf8Length(source[position]), source.size - position)
            image = source
            imageStart = position
            imageEnd = position + length
        }

        private fun advance() {
            val end = position + length
            while (position < end) place += unitsOf(source[position++])
        }

        private fun add(bytes: ByteArray) {
            for (byte in bytes) put(byte)
        }

        private fun put(byte: Byte) {
            output[size] = byte
            places[size++] = place
        }

        /** Makes room for [count] bytes, and for the end. */
        private fun reserve(count: Int) {
            if (size + count < output.size) return
            output = output.copyOf(2 * (size + count))
            places = places.copyOf(output.size)
        }
    }
}

/** Whether [expected] stands at [start] and ends before [end]. */
private fun ByteArray.hasAt(
    start: Int,
    expected: ByteArray,
    end: Int,
): Boolean {
    if (start < 0 || start + expected.size > end) return false
    for (i in expected.indices) if (this[start + i] != expected[i]) return false
    return true
}
