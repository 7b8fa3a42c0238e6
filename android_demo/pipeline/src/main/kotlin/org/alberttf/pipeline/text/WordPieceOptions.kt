package org.alberttf.pipeline.text

import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull

/** How WordPiece writes letters before it looks them up. */
internal class WordPieceOptions(
    val lowerCase: Boolean,
    val stripAccents: Boolean,
)

/** @throws IllegalArgumentException not a JSON object, or an option is not true or false. */
internal fun readWordPieceOptions(content: ByteArray): WordPieceOptions {
    val options = readObject(content)
    val lowerCase = options["do_lower_case"]?.let { flag("do_lower_case", it) } ?: true
    val stripAccents = options["strip_accents"]?.takeUnless { it is JsonNull }
    return WordPieceOptions(
        lowerCase,
        stripAccents?.let { flag("strip_accents", it) } ?: lowerCase,
    )
}

private fun readObject(content: ByteArray): JsonObject {
    val element =
        try {
            Json.parseToJsonElement(content.decodeToString(throwOnInvalidSequence = true))
        } catch (error: CharacterCodingException) {
            throw IllegalArgumentException("$TOKENIZER_OPTIONS_FILE must be UTF-8 text.", error)
        } catch (error: SerializationException) {
            throw IllegalArgumentException(
                "$TOKENIZER_OPTIONS_FILE is not JSON: ${error.message}",
                error,
            )
        }
    return requireNotNull(element as? JsonObject) {
        "$TOKENIZER_OPTIONS_FILE must hold a JSON object; got $element."
    }
}

private fun flag(
    name: String,
    value: JsonElement,
): Boolean =
    requireNotNull((value as? JsonPrimitive)?.takeUnless { it.isString }?.booleanOrNull) {
        "$TOKENIZER_OPTIONS_FILE: $name must be true or false; got $value."
    }
