package org.alberttf.pipeline.text

/**
 * Reads a SentencePiece model; the cleaning is the one stored in the file.
 *
 * @param content a `spiece.model`, whole.
 * @param name what errors call the file.
 * @throws IllegalArgumentException not a Unigram model of SentencePiece, or one without the
 *     pieces `<pad>`, `[CLS]`, `[SEP]` and `[MASK]`.
 */
public class SentencePieceTokenizer(
    content: ByteArray,
    name: String = SENTENCEPIECE_FILE,
) : Tokenizer {
    override val special: SpecialIds
    override val vocabSize: Int
    private val normalizer: Normalizer
    private val encoder: UnigramEncoder

    /** [256] or none: what each byte of an unknown character becomes. */
    private val byteIds: IntArray

    init {
        try {
            val model = readSentencePieceModel(content)
            special = specialIds(model.pieces)
            vocabSize = model.pieces.size
            normalizer = Normalizer(model)
            encoder = UnigramEncoder(model.pieces)
            byteIds = if (model.byteFallback) byteIds(model.pieces) else IntArray(0)
        } catch (error: IllegalArgumentException) {
            throw IllegalArgumentException(
                "$name is not a SentencePiece model that can be read here: ${error.message}. " +
                    "Copy it again from the export.",
                error,
            )
        }
    }

    /**
     * Splits one text into tokens; a space is in no span, a character split up in several.
     *
     * @throws IllegalArgumentException the text holds half a character (a lone surrogate).
     */
    override fun encode(text: String): Encoding {
        val cleaned = normalizer.normalize(text)
        val cut = encoder.encode(cleaned)
        val inBytes = byteIds.isNotEmpty() && special.unk in cut.ids
        val spans = Spans(text, cleaned, widen = !inBytes && text.any { it.code >= 0x80 })
        val tokens = EncodingBuilder(cut.ids.size)
        var start = 0
        var number = 0
        while (number < cut.ids.size) {
            val id = cut.ids[number]
            if (id == special.unk && byteIds.isNotEmpty()) {
                addBytes(tokens, spans, cleaned, start, cut.ends[number])
            } else {
                // Unknown characters that follow each other are one token.
                if (id == special.unk) number = lastUnknown(cut.ids, number)
                val end = cut.ends[number]
                tokens.add(id, spans.start(start, end), spans.end(start, end))
            }
            start = cut.ends[number++]
        }
        return tokens.build()
    }

    private fun lastUnknown(
        ids: IntArray,
        first: Int,
    ): Int {
        var last = first
        while (last + 1 < ids.size && ids[last + 1] == special.unk) last++
        return last
    }

    /** Adds a token for each byte of an unknown character; the last one has its span. */
    private fun addBytes(
        tokens: EncodingBuilder,
        spans: Spans,
        cleaned: NormalizedText,
        start: Int,
        end: Int,
    ) {
        val first = cleaned.places[start]
        for (place in start until end) {
            val id = byteIds[cleaned.bytes[place].toInt() and 0xFF]
            if (place + 1 < end) {
                tokens.add(id, first, first)
            } else {
                tokens.add(id, spans.start(start, end), spans.end(start, end))
            }
        }
    }
}

private fun specialIds(pieces: List<Piece>): SpecialIds {
    val tokens = listOf("<pad>", "[CLS]", "[SEP]", "[MASK]")
    val ids = tokens.map { idOf(it, pieces) }
    val missing = tokens.filterIndexed { number, _ -> ids[number] < 0 }
    require(missing.isEmpty()) { "it has no piece ${missing.joinToString()}" }
    val unk = pieces.indexOfFirst { it.type == PieceType.UNKNOWN }
    return SpecialIds(pad = ids[0], unk = unk, cls = ids[1], sep = ids[2], mask = ids[3])
}

/** The id of a token, or else of a piece of text with that name, or -1. */
private fun idOf(
    name: String,
    pieces: List<Piece>,
): Int {
    val token = pieces.indexOfFirst { it.text == name && !it.isText }
    if (token >= 0) return if (pieces[token].type == PieceType.UNKNOWN) -1 else token
    return pieces.indexOfFirst { it.text == name }
}

private fun byteIds(pieces: List<Piece>): IntArray {
    val ids = pieces.indices.filter { pieces[it].type == PieceType.BYTE }
    val byName = ids.associateBy { pieces[it].text }
    return IntArray(BYTE_PIECES.size) { byName.getValue(BYTE_PIECES[it]) }
}
