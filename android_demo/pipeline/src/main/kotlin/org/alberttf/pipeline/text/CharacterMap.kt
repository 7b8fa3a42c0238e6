package org.alberttf.pipeline.text

/**
 * The rules of a SentencePiece model for rewriting characters.
 *
 * The content is the size of a [DoubleArray] in bytes (u32), its numbers, and the images, each
 * ended by a zero byte; the value of a key is where its image starts.
 *
 * @throws IllegalArgumentException the content is laid out otherwise.
 *
 * Source: google/sentencepiece normalizer.cc.
 */
internal class CharacterMap(
    content: ByteArray,
) {
    private val keys: DoubleArray

    /** The images, one after the other. */
    val images: ByteArray

    init {
        require(content.size >= Int.SIZE_BYTES) { "precompiled_charsmap has ${content.size} bytes" }
        val size = littleEndian(content, 0)
        val start = Int.SIZE_BYTES
        require(size >= 0 && size < content.size - start && content.last() == 0.toByte()) {
            "precompiled_charsmap has ${content.size} bytes, of which $size are for its keys"
        }
        val units = IntArray(size / Int.SIZE_BYTES) { littleEndian(content, start + it * 4) }
        keys = DoubleArray(units)
        images = content.copyOfRange(start + size, content.size)
        require(size % Int.SIZE_BYTES == 0 && keys.isSound(images.size)) {
            "the keys of precompiled_charsmap lead nowhere"
        }
    }

    /** The longest rule for what stands at [start]; its value is the start of its image. */
    fun longestMatch(
        bytes: ByteArray,
        start: Int,
    ): Match = keys.longestMatch(bytes, start)

    /** Where the image that starts at [start] ends. */
    fun imageEnd(start: Int): Int {
        var end = start
        while (images[end] != 0.toByte()) end++
        return end
    }
}
