package org.alberttf.pipeline.text

/**
 * Lays out keys so that [DoubleArray] finds them.
 *
 * @param keys none empty, none with a zero byte, none twice.
 * @param values of each key, 0 or more.
 * @throws IllegalArgumentException the keys need more than two million nodes.
 */
internal fun doubleArrayOf(
    keys: List<ByteArray>,
    values: List<Int>,
): DoubleArray {
    val order = keys.indices.sortedWith { a, b -> compareBytes(keys[a], keys[b]) }
    return DoubleArrayBuilder(order.map(keys::get), order.map(values::get)).build()
}

private fun compareBytes(
    first: ByteArray,
    second: ByteArray,
): Int {
    for (place in 0 until minOf(first.size, second.size)) {
        val difference = (first[place].toInt() and 0xFF) - (second[place].toInt() and 0xFF)
        if (difference != 0) return difference
    }
    return first.size - second.size
}

/** The keys from [first] until [end] share [depth] bytes, which lead to [node]. */
private class Branch(
    val node: Int,
    val first: Int,
    val end: Int,
    val depth: Int,
)

private class DoubleArrayBuilder(
    private val keys: List<ByteArray>,
    private val values: List<Int>,
) {
    private var units = IntArray(0)
    private var isBase = BooleanArray(0)
    private val free = FreeSlots()
    private val labels = IntArray(DoubleArray.BLOCK)
    private val firsts = IntArray(DoubleArray.BLOCK)

    fun build(): DoubleArray {
        addBlock()
        take(0, DoubleArray.node(0))
        isBase[0] = true // A root that leads nowhere would lead to itself.
        val branches = ArrayDeque<Branch>()
        branches.add(Branch(0, 0, keys.size, 0))
        while (branches.isNotEmpty()) split(branches.removeAt(branches.lastIndex), branches)
        return DoubleArray(units)
    }

    /** Places the nodes after one node; 0 stands for the end of a key. */
    private fun split(
        branch: Branch,
        branches: MutableList<Branch>,
    ) {
        val count = findLabels(branch)
        val base = findBase(count)
        isBase[base] = true
        for (number in count - 1 downTo 0) {
            val slot = base xor labels[number]
            val first = firsts[number]
            if (labels[number] == 0) {
                take(slot, DoubleArray.leaf(values[first]))
                continue
            }
            take(slot, DoubleArray.node(labels[number]))
            val end = if (number + 1 < count) firsts[number + 1] else branch.end
            branches.add(Branch(slot, first, end, branch.depth + 1))
        }
        val hasValue = count > 0 && labels[0] == 0
        units[branch.node] =
            DoubleArray.leadingTo(units[branch.node], branch.node xor base, hasValue)
    }

    private fun findLabels(branch: Branch): Int {
        var count = 0
        for (key in branch.first until branch.end) {
            val bytes = keys[key]
            val label = if (bytes.size == branch.depth) 0 else bytes[branch.depth].toInt() and 0xFF
            if (count > 0 && labels[count - 1] == label) continue
            labels[count] = label
            firsts[count++] = key
        }
        return count
    }

    private fun findBase(count: Int): Int {
        var slot = free.first
        while (slot != FreeSlots.NONE) {
            val base = slot xor labels[0]
            if (!isBase[base] && (1 until count).all { base xor labels[it] in free }) return base
            slot = free.after(slot)
        }
        return addBlock() xor labels[0]
    }

    private fun take(
        slot: Int,
        unit: Int,
    ) {
        units[slot] = unit
        free.remove(slot)
    }

    /** Makes room, and returns its first slot. */
    private fun addBlock(): Int {
        val start = free.addBlock()
        require(start < MOST_UNITS) { "its pieces are too many or too long to be read here" }
        if (start == units.size) {
            val size = maxOf(2 * start, DoubleArray.BLOCK)
            isBase = isBase.copyOf(size)
            // No byte leads to a slot that is not taken.
            units = units.copyOf(size).also { it.fill(DoubleArray.leaf(0), start) }
        }
        return start
    }

    private companion object {
        const val MOST_UNITS = 1 shl 21
    }
}

/** The slots that no node has taken, in the blocks that are searched. */
private class FreeSlots {
    var first = NONE
        private set
    private var last = NONE
    private var end = 0
    private var next = IntArray(0)
    private var previous = IntArray(0)

    operator fun contains(slot: Int): Boolean = next[slot] != TAKEN

    fun after(slot: Int): Int = next[slot]

    /** Adds a block, and gives up the oldest one so that searches stay short. */
    fun addBlock(): Int {
        val start = end
        end += DoubleArray.BLOCK
        if (end > next.size) {
            next = next.copyOf(2 * end)
            previous = previous.copyOf(2 * end)
        }
        for (slot in start until end) add(slot)
        val closed = start - OPEN_BLOCKS * DoubleArray.BLOCK
        if (closed >= 0) {
            for (slot in closed until closed + DoubleArray.BLOCK) if (slot in this) remove(slot)
        }
        return start
    }

    fun remove(slot: Int) {
        val before = previous[slot]
        val after = next[slot]
        if (before == NONE) first = after else next[before] = after
        if (after == NONE) last = before else previous[after] = before
        next[slot] = TAKEN
    }

    private fun add(slot: Int) {
        previous[slot] = last
        next[slot] = NONE
        if (last == NONE) first = slot else next[last] = slot
        last = slot
    }

    companion object {
        const val NONE = -1
        private const val TAKEN = -2
        private const val OPEN_BLOCKS = 16
    }
}
