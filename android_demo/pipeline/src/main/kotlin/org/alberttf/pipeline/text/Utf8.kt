package org.alberttf.pipeline.text

/**
 * The text as UTF-8.
 *
 * @throws IllegalArgumentException the text holds half a character (a lone surrogate).
 */
internal fun utf8(text: String): ByteArray {
    val bytes = ByteArray(utf8Size(text))
    var place = 0
    var end = 0
    while (place < text.length) {
        val unit = text[place]
        if (unit.code < 0x80) {
            bytes[end++] = unit.code.toByte()
            place++
            continue
        }
        val code = text.codePointAt(place)
        require(code !in 0xD800..0xDFFF) {
            "text must hold whole characters; got half of one (a lone surrogate) at $place."
        }
        end = putUtf8(code, bytes, end)
        place += Character.charCount(code)
    }
    return bytes
}

/** Writes one character at [start] and returns where it ends. */
internal fun putUtf8(
    code: Int,
    bytes: ByteArray,
    start: Int,
): Int {
    var end = start
    when {
        code < 0x80 -> bytes[end++] = code.toByte()
        code < 0x800 -> bytes[end++] = (0xC0 or (code shr 6)).toByte()
        code < 0x10000 -> bytes[end++] = (0xE0 or (code shr 12)).toByte()
        else -> bytes[end++] = (0xF0 or (code shr 18)).toByte()
    }
    if (code >= 0x10000) bytes[end++] = continuation(code shr 12)
    if (code >= 0x800) bytes[end++] = continuation(code shr 6)
    if (code >= 0x80) bytes[end++] = continuation(code)
    return end
}

/** How many bytes the character has that begins with [first]; 1 if none begins so. */
internal fun utf8Length(first: Byte): Int =
    when (first.toInt() and 0xF0) {
        0xC0, 0xD0 -> 2
        0xE0 -> 3
        0xF0 -> 4
        else -> 1
    }

/** How many UTF-16 units the character has that begins with [byte]; 0 inside a character. */
internal fun unitsOf(byte: Byte): Int =
    when {
        byte >= 0 -> 1
        byte.toInt() and 0xC0 == 0x80 -> 0
        byte.toInt() and 0xF0 == 0xF0 -> 2
        else -> 1
    }

private fun continuation(code: Int): Byte = (0x80 or (code and 0x3F)).toByte()

private fun utf8Size(text: String): Int {
    var size = text.length
    for (unit in text) {
        if (unit.code >= 0x80) size += if (unit.code < 0x800 || unit.isSurrogate()) 1 else 2
    }
    return size
}
