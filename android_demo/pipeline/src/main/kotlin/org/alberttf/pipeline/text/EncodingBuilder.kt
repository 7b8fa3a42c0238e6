package org.alberttf.pipeline.text

/** Collects the tokens of one text. */
internal class EncodingBuilder(
    capacity: Int = 16,
) {
    private var tokenIds = IntArray(capacity)
    private var starts = IntArray(capacity)
    private var ends = IntArray(capacity)

    /** How many tokens there are. */
    var size = 0
        private set

    fun add(
        id: Int,
        start: Int,
        end: Int,
    ) {
        if (size == tokenIds.size) grow()
        tokenIds[size] = id
        starts[size] = start
        ends[size++] = end
    }

    /** Forgets all tokens but the first [count]. */
    fun truncate(count: Int) {
        size = count
    }

    fun build(): Encoding = Encoding(tokenIds.copyOf(size), starts.copyOf(size), ends.copyOf(size))

    private fun grow() {
        val capacity = 2 * size + 1
        tokenIds = tokenIds.copyOf(capacity)
        starts = starts.copyOf(capacity)
        ends = ends.copyOf(capacity)
    }
}
