package org.alberttf.pipeline.text

/**
 * Finds which keys of a set some bytes begin with, one step for each byte.
 *
 * The numbers are laid out as Darts-clone writes them, which SentencePiece stores in its files.
 * A node is an index; the root is 0. Bits 0 to 7 and 31 of a node are the byte that leads to it,
 * bit 8 says that a key ends there, and the others lead to the next nodes.
 */
internal class DoubleArray(
    private val units: IntArray,
) {
    /** The node that [byte] leads to from [node], or -1. */
    fun child(
        node: Int,
        byte: Byte,
    ): Int {
        val label = byte.toInt() and BYTE
        val next = node xor offset(units[node]) xor label
        return if (units[next] and LABEL == label) next else NONE
    }

    /** The value of the key that ends at [node], or -1. */
    fun value(node: Int): Int {
        val unit = units[node]
        return if (unit and HAS_VALUE == 0) NONE else units[node xor offset(unit)] and VALUE
    }

    /** The longest key that stands at [start]. */
    fun longestMatch(
        bytes: ByteArray,
        start: Int,
    ): Match {
        var match = Match.NOTHING
        var node = 0
        for (place in start until bytes.size) {
            node = child(node, bytes[place])
            if (node == NONE) break
            val value = value(node)
            if (value != NONE) match = Match(place + 1 - start, value)
        }
        return match
    }

    /** Whether every step stays inside the numbers, and every value is below [valueLimit]. */
    fun isSound(valueLimit: Int): Boolean {
        if (units.isEmpty() || units.size % BLOCK != 0) return false
        val root = units[0]
        if (root and (LABEL or HAS_VALUE) != 0 || offset(root) == 0) return false
        return units.indices.all { isSound(it, valueLimit) }
    }

    private fun isSound(
        node: Int,
        valueLimit: Int,
    ): Boolean {
        val unit = units[node]
        if (unit < 0) return unit and VALUE < valueLimit
        val next = node xor offset(unit)
        return next or BYTE < units.size && (unit and HAS_VALUE == 0 || units[next] < 0)
    }

    internal companion object {
        const val NONE = -1

        /** The nodes after a node lie in one block of this many. */
        const val BLOCK = 256

        private const val BYTE = 0xFF
        private const val HAS_VALUE = 1 shl 8
        private const val FAR = 1 shl 9
        private const val VALUE = Int.MAX_VALUE
        private const val LABEL = BYTE or (1 shl 31)

        private fun offset(unit: Int): Int = (unit ushr 10) shl ((unit and FAR) ushr 6)

        /** A node that [label] leads to; see [leadingTo] for where it leads. */
        fun node(label: Int): Int = label

        /** The node with the way to the nodes after it, at most 2^21 from here. */
        fun leadingTo(
            node: Int,
            offset: Int,
            hasValue: Boolean,
        ): Int = node or (offset shl 10) or (if (hasValue) HAS_VALUE else 0)

        fun leaf(value: Int): Int = value or (1 shl 31)
    }
}

/** How many bytes a key has, and its value; without a key, 0 bytes. */
@JvmInline
internal value class Match private constructor(
    private val packed: Long,
) {
    constructor(length: Int, value: Int) : this((length.toLong() shl 32) or value.toLong())

    val length: Int get() = (packed shr 32).toInt()
    val value: Int get() = packed.toInt()

    internal companion object {
        val NOTHING = Match(0, 0)
    }
}
