package org.alberttf.pipeline.text

/**
 * Reads a BERT-style `vocab.txt` and its options.
 *
 * The options are `do_lower_case` (default true) and `strip_accents` (default: as `do_lower_case`).
 *
 * @param vocabulary a `vocab.txt`, whole.
 * @param options a `tokenizer_config.json`, whole.
 * @throws IllegalArgumentException a file is damaged, a special token is missing, or an option is
 *     not true or false.
 *
 * Source: google-research/bert tokenization.py, as Hugging Face's BertTokenizer has it: characters
 * for private use and unassigned ones are dropped, and a word is given up beyond 100 characters.
 */
public class WordPieceTokenizer(
    vocabulary: ByteArray,
    options: ByteArray,
) : Tokenizer {
    override val special: SpecialIds
    override val vocabSize: Int
    private val options = readWordPieceOptions(options)
    private val pieces: DoubleArray

    /** The node from which the pieces continue that go on in a word, or -1. */
    private val inWord: Int

    init {
        val lines = readLines(vocabulary)
        val ids = lines.withIndex().associate { (id, piece) -> piece to id }
        vocabSize = lines.size
        special = specialIds(ids)
        // No word has a zero character.
        val usable = ids.keys.filter { it.isNotEmpty() && '\u0000' !in it }
        try {
            pieces = doubleArrayOf(usable.map(::utf8), usable.map(ids::getValue))
        } catch (error: IllegalArgumentException) {
            throw IllegalArgumentException("$WORDPIECE_FILE: ${error.message}.", error)
        }
        inWord = IN_WORD.fold(0) { node, byte -> if (node < 0) node else pieces.child(node, byte) }
    }

    /** Splits one text into words, and each word into its longest known pieces. */
    override fun encode(text: String): Encoding {
        val tokens = EncodingBuilder(text.length / 3 + 1)
        val word = Word()
        var place = 0
        while (place < text.length) {
            val code = text.codePointAt(place) // Half a character is dropped, as in Python.
            val end = place + Character.charCount(code)
            val alone = isAlone(code, word.parts)
            if (!Characters.isControl(code)) {
                val isSpace = end - place == 1 && isWhiteSpace(text[place])
                if (alone || isSpace) finish(word, tokens)
                if (!isSpace) add(word, code, place, end)
                if (alone) finish(word, tokens)
            }
            place = end
        }
        finish(word, tokens)
        return tokens.build()
    }

    /** Whether a character is a word of its own; a mark counts as such without its accent. */
    private fun isAlone(
        code: Int,
        parts: IntArray,
    ): Boolean {
        val isOne = options.stripAccents && Characters.plainParts(code, parts) == 1
        return Characters.isPunctuation(if (isOne) parts[0] else code) || Characters.isCjk(code)
    }

    /** Adds one character as the vocabulary has it; nothing for an accent that is dropped. */
    private fun add(
        word: Word,
        code: Int,
        start: Int,
        end: Int,
    ) {
        val small = if (options.lowerCase) Characters.smallLetter(code) else code
        if (options.stripAccents) {
            val count = Characters.plainParts(small, word.parts)
            for (number in 0 until count) word.add(word.parts[number], start, end)
        } else {
            word.add(small, start, end)
            if (code == CAPITAL_I_WITH_DOT && options.lowerCase) word.add(DOT_ABOVE, start, end)
        }
    }

    /** Turns the word into tokens and begins another; one that cannot be split is one token. */
    private fun finish(
        word: Word,
        tokens: EncodingBuilder,
    ) {
        if (word.letters == 0) return
        val first = tokens.size
        if (word.letters > LONGEST_WORD || !split(word, tokens)) {
            tokens.truncate(first)
            tokens.add(special.unk, word.start, word.end)
        }
        word.clear()
    }

    /** Longest match first; false if that leads nowhere. */
    private fun split(
        word: Word,
        tokens: EncodingBuilder,
    ): Boolean {
        var start = 0
        while (start < word.size) {
            var node = if (start == 0) 0 else inWord
            var place = start
            var end = start
            var id = DoubleArray.NONE
            while (place < word.size && node != DoubleArray.NONE) {
                node = pieces.child(node, word.bytes[place++])
                val found = if (node == DoubleArray.NONE) node else pieces.value(node)
                if (found != DoubleArray.NONE) {
                    id = found
                    end = place
                }
            }
            if (id == DoubleArray.NONE) return false
            tokens.add(id, word.starts[start], word.ends[end - 1])
            start = end
        }
        return true
    }

    private companion object {
        const val CAPITAL_I_WITH_DOT = 0x130
        const val DOT_ABOVE = 0x307
        val IN_WORD = utf8("##")
    }
}

/** Letters; Hugging Face's BertTokenizer gives up beyond it. */
private const val LONGEST_WORD = 100

/** A word as the vocabulary has it. Of one that is too long only the length is right. */
private class Word {
    val bytes = ByteArray(4 * LONGEST_WORD)
    val starts = IntArray(bytes.size) // of the character in the text, for each byte
    val ends = IntArray(bytes.size)
    val parts = IntArray(3) // of one character
    var size = 0
        private set
    var letters = 0
        private set
    var start = 0
        private set
    var end = 0
        private set

    fun add(
        code: Int,
        start: Int,
        end: Int,
    ) {
        if (letters == 0) this.start = start
        this.end = end
        if (letters++ >= LONGEST_WORD) return
        val next = putUtf8(code, bytes, size)
        starts.fill(start, size, next)
        ends.fill(end, size, next)
        size = next
    }

    fun clear() {
        size = 0
        letters = 0
    }
}

private fun readLines(vocabulary: ByteArray): List<String> {
    val text =
        try {
            vocabulary.decodeToString(throwOnInvalidSequence = true)
        } catch (error: CharacterCodingException) {
            throw IllegalArgumentException(
                "$WORDPIECE_FILE must be UTF-8 text. Copy it again from the export.",
                error,
            )
        }
    val lines = text.replace("\r\n", "\n").replace('\r', '\n')
    return lines.removeSuffix("\n").split('\n')
}

private fun specialIds(ids: Map<String, Int>): SpecialIds {
    val tokens = listOf("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    val missing = tokens.filterNot(ids::containsKey)
    require(missing.isEmpty()) {
        "$WORDPIECE_FILE has no piece ${missing.joinToString()}. Copy it again from the export."
    }
    val (pad, unk, cls, sep, mask) = tokens.map(ids::getValue)
    return SpecialIds(pad = pad, unk = unk, cls = cls, sep = sep, mask = mask)
}
