package org.alberttf.pipeline.text

/** What a piece is for; an unused one keeps its id, but text never produces it. */
internal enum class PieceType { NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE }

/** One piece of the vocabulary. */
internal class Piece(
    val text: String,
    val score: Float,
    val type: PieceType,
)

/** What is done to the text besides the rules for characters. */
internal class SpaceOptions(
    /** A space is put before the text. */
    val addDummyPrefix: Boolean,
    /** Spaces at both ends are dropped, and several become one. */
    val removeExtra: Boolean,
    /** A space is written as U+2581. */
    val escape: Boolean,
)

/** What a `spiece.model` says. */
internal class SentencePieceModel(
    val pieces: List<Piece>,
    val charsmap: ByteArray,
    val spaces: SpaceOptions,
    val byteFallback: Boolean,
)

/**
 * Reads the content of a `spiece.model`.
 *
 * @throws IllegalArgumentException it is no SentencePiece model, or of a kind not supported here.
 *
 * Source: google/sentencepiece sentencepiece_model.proto.
 */
internal fun readSentencePieceModel(content: ByteArray): SentencePieceModel {
    val pieces = ArrayList<Piece>()
    var charsmap = ByteArray(0)
    var addDummyPrefix = true
    var removeExtra = true
    var escape = true
    var byteFallback = false
    val model = ProtobufReader(content)
    while (model.next()) {
        when (model.field) {
            1 -> {
                pieces.add(readPiece(model.message()))
            }

            2 -> {
                val trainer = model.message()
                while (trainer.next()) {
                    when (trainer.field) {
                        3 -> expectUnigram(trainer.number())
                        24 -> expectPrefix(trainer.flag())
                        35 -> byteFallback = trainer.flag()
                    }
                }
            }

            3 -> {
                val normalizer = model.message()
                while (normalizer.next()) {
                    when (normalizer.field) {
                        2 -> charsmap = normalizer.bytes()
                        3 -> addDummyPrefix = normalizer.flag()
                        4 -> removeExtra = normalizer.flag()
                        5 -> escape = normalizer.flag()
                    }
                }
            }
        }
    }
    checkPieces(pieces, byteFallback)
    val spaces = SpaceOptions(addDummyPrefix, removeExtra, escape)
    return SentencePieceModel(pieces, charsmap, spaces, byteFallback)
}

private fun readPiece(reader: ProtobufReader): Piece {
    var text = ""
    var score = 0f
    var type = 1L
    while (reader.next()) {
        when (reader.field) {
            1 -> text = reader.text()
            2 -> score = reader.float()
            3 -> type = reader.number()
        }
    }
    require(text.isNotEmpty() && '\u0000' !in text) { "a piece is empty or has a zero byte" }
    require(score.isFinite()) { "piece $text has the score $score" }
    require(type in 1..PieceType.entries.size) { "piece $text has the unknown type $type" }
    return Piece(text, score, PieceType.entries[type.toInt() - 1])
}

private fun expectUnigram(type: Long) {
    val name = listOf("UNIGRAM", "BPE", "WORD", "CHAR").getOrElse(type.toInt() - 1) { "unknown" }
    require(type == 1L) { "model_type must be UNIGRAM; got $type ($name)" }
}

private fun expectPrefix(asSuffix: Boolean) =
    require(!asSuffix) { "treat_whitespace_as_suffix must be false; got true" }

private fun checkPieces(
    pieces: List<Piece>,
    byteFallback: Boolean,
) {
    val unknown = pieces.count { it.type == PieceType.UNKNOWN }
    require(unknown == 1) { "it must have one unknown piece; got $unknown" }
    // A name may be both that of a token and that of a piece of text, but not twice the same.
    val (text, tokens) = pieces.partition { it.isText }
    for (group in listOf(text, tokens)) {
        val names = HashSet<String>()
        for (piece in group) require(names.add(piece.text)) { "piece ${piece.text} comes twice" }
    }
    require(text.isNotEmpty()) { "it has no pieces for text" }
    val bytes = pieces.filter { it.type == PieceType.BYTE }.map { it.text }.toSet()
    val expected = if (byteFallback) BYTE_PIECES.toSet() else emptySet()
    require(bytes == expected) {
        "byte_fallback is $byteFallback and needs ${expected.size} byte pieces; got ${bytes.size}"
    }
}

/** Whether text can have this name, in contrast to a token such as `[CLS]`. */
internal val Piece.isText: Boolean
    get() = type == PieceType.NORMAL || type == PieceType.USER_DEFINED || type == PieceType.UNUSED

/** [256] The piece that stands for each byte of an unknown character. */
internal val BYTE_PIECES: List<String> =
    List(256) { "<0x" + it.toString(16).uppercase().padStart(2, '0') + ">" }
