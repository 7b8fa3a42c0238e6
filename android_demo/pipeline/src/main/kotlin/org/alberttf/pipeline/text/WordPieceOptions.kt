package org.alberttf.pipeline.text

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json

/** How WordPiece writes letters before it looks them up. */
@Serializable
internal class WordPieceOptions(
    @SerialName("do_lower_case") val lowerCase: Boolean = true,
    @SerialName("strip_accents") private val stripAccentsOrNull: Boolean? = null,
) {
    val stripAccents: Boolean get() = stripAccentsOrNull ?: lowerCase
}

/** @throws IllegalArgumentException not a JSON object, or an option is not true or false. */
internal fun readWordPieceOptions(content: ByteArray): WordPieceOptions =
    try {
        options.decodeFromString(content.decodeToString(throwOnInvalidSequence = true))
    } catch (error: CharacterCodingException) {
        throw IllegalArgumentException("$TOKENIZER_OPTIONS_FILE must be UTF-8 text.", error)
    } catch (error: SerializationException) {
        throw IllegalArgumentException(
            "$TOKENIZER_OPTIONS_FILE must be a JSON object whose do_lower_case and strip_accents " +
                "are true or false: ${error.message}",
            error,
        )
    }

// Other programs write more into this file.
private val options = Json { ignoreUnknownKeys = true }
