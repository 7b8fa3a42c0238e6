package org.alberttf.pipeline.text

/**
 * Reads the fields of one protobuf message, one after the other.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
internal class ProtobufReader(
    private val content: ByteArray,
    private var place: Int = 0,
    private val end: Int = content.size,
) {
    /** The number of the field that was read last. */
    var field = 0
        private set
    private var wireType = 0
    private var number = 0L
    private var valueStart = 0

    /**
     * Goes to the next field.
     *
     * @return whether there is one.
     * @throws IllegalArgumentException the bytes are no message.
     */
    fun next(): Boolean {
        if (place == end) return false
        val key = readVarint()
        require(key ushr 3 in 1..MOST_FIELDS) { "field ${key ushr 3} before byte $place" }
        field = (key ushr 3).toInt()
        wireType = (key and 7).toInt()
        val size =
            when (wireType) {
                VARINT -> 0L.also { number = readVarint() }
                FIXED64 -> 8L
                FIXED32 -> 4L
                BYTES -> readVarint()
                else -> throw IllegalArgumentException("wire type $wireType before byte $place")
            }
        require(size in 0..end - place) { "it ends before the $size bytes from byte $place" }
        valueStart = place
        place += size.toInt()
        return true
    }

    fun message(): ProtobufReader {
        expect(BYTES)
        return ProtobufReader(content, valueStart, place)
    }

    fun bytes(): ByteArray {
        expect(BYTES)
        return content.copyOfRange(valueStart, place)
    }

    fun text(): String {
        expect(BYTES)
        try {
            return content.decodeToString(valueStart, place, throwOnInvalidSequence = true)
        } catch (error: CharacterCodingException) {
            throw IllegalArgumentException("field $field before byte $place is not UTF-8", error)
        }
    }

    fun number(): Long {
        expect(VARINT)
        return number
    }

    fun flag(): Boolean = number() != 0L

    fun float(): Float {
        expect(FIXED32)
        return Float.fromBits(littleEndian(content, valueStart))
    }

    private fun expect(expected: Int) =
        require(wireType == expected) {
            "field $field before byte $place must have wire type $expected; got $wireType"
        }

    private fun readVarint(): Long {
        var value = 0L
        for (shift in 0 until 70 step 7) { // ten bytes hold 64 bits
            require(place < end) { "it ends inside a number, at byte $place" }
            val byte = content[place++].toLong()
            value = value or ((byte and 0x7F) shl shift)
            if (byte >= 0) return value
        }
        throw IllegalArgumentException("a number without end before byte $place")
    }

    private companion object {
        const val VARINT = 0
        const val FIXED64 = 1
        const val BYTES = 2
        const val FIXED32 = 5
        const val MOST_FIELDS = (1L shl 29) - 1
    }
}

/** The four bytes from [start] as a number. */
internal fun littleEndian(
    bytes: ByteArray,
    start: Int,
): Int = (3 downTo 0).fold(0) { number, i -> (number shl 8) or (bytes[start + i].toInt() and 0xFF) }
