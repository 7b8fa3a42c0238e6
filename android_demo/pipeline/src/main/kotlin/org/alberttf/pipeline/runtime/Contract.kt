@file:OptIn(ExperimentalSerializationApi::class)

package org.alberttf.pipeline.runtime

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNamingStrategy
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.decodeFromJsonElement
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.encodeToJsonElement
import kotlinx.serialization.json.jsonObject
import org.alberttf.pipeline.tasks.TaskSettings

/** Name of the file that tells a device what it must know of a model. */
public const val CONTRACT_FILE: String = "contract.json"

/** The only form of that file that is read. */
public const val FORMAT_VERSION: Int = 2

/** An input or an output of a model. */
@Serializable
public data class TensorRecord(
    /** As NumPy names it. */
    val dtype: String,
    /** A size is null where any will do. */
    val shape: List<Int?>,
)

/** A file of the folder, and how to know it is whole. */
@Serializable
public data class FileRecord(
    val name: String,
    val bytes: Long,
    val sha256: String,
) {
    init {
        require(name.isNotEmpty() && name != "." && name != ".." && name.none { it in "/\\" }) {
            "$CONTRACT_FILE must name plain files; got '$name'."
        }
    }
}

/** All that a reader of an export may rely on, as `albert_tf.runtime.contract` writes it. */
@Serializable
public data class Contract(
    val formatVersion: Int,
    /** Name and version of the exporter. */
    val createdBy: String,
    /** How the weights were quantized. */
    val recipe: String,
    /** "loop" or "unrolled". */
    val encoder: String,
    /** Entry of the LiteRT file. */
    val signature: String,
    val inputs: Map<String, TensorRecord>,
    val outputs: Map<String, TensorRecord>,
    val task: TaskSettings,
    val specialIds: Map<String, Int>,
    /** Largest difference of the float file from Keras, in any output. */
    val parity: Double,
    val model: FileRecord,
    val vocabulary: List<FileRecord>,
)

/** A contract that is damaged, of another version, or not true of the files beside it. */
public class ContractException(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

internal val strict: Json = Json { namingStrategy = JsonNamingStrategy.SnakeCase }

/**
 * Reads a contract; unknown and missing keys are refused, and values of another kind.
 *
 * @param content of `contract.json`.
 * @throws ContractException it is damaged, of another version, or of a task that is not read here.
 */
public fun parseContract(content: ByteArray): Contract {
    try {
        val text = content.decodeToString(throwOnInvalidSequence = true)
        val values: JsonObject = strict.parseToJsonElement(text).jsonObject
        val version = (values["format_version"] as? JsonPrimitive)?.content
        if (version != null && version != FORMAT_VERSION.toString()) {
            throw ContractException(
                "$CONTRACT_FILE: format_version must be $FORMAT_VERSION; got $version. " +
                    "Export again with this version.",
            )
        }
        val contract = strict.decodeFromJsonElement<Contract>(values)
        // The reader takes "3" for 3; what it read, written again, tells.
        val again = strict.encodeToJsonElement(contract)
        require(same(again, values)) { "a value is of another kind." }
        return contract
    } catch (error: CharacterCodingException) {
        throw damaged(error)
    } catch (error: SerializationException) {
        throw damaged(error)
    } catch (error: IllegalArgumentException) {
        throw damaged(error)
    } catch (error: StackOverflowError) {
        throw damaged(error)
    }
}

private fun damaged(error: Throwable) =
    ContractException("$CONTRACT_FILE is damaged: ${error.message} Export again.", error)

/** Whether two values are of one kind and equal; numbers may be written in several ways. */
private fun same(
    one: JsonElement,
    other: JsonElement,
): Boolean =
    when (one) {
        is JsonObject -> {
            other is JsonObject && one.keys == other.keys &&
                one.all { (key, value) -> same(value, other.getValue(key)) }
        }

        is JsonArray -> {
            other is JsonArray && one.size == other.size &&
                one.zip(other).all { (a, b) -> same(a, b) }
        }

        is JsonPrimitive -> {
            other is JsonPrimitive && one.isString == other.isString &&
                (one.content == other.content || isSameNumber(one, other))
        }
    }

private fun isSameNumber(
    one: JsonPrimitive,
    other: JsonPrimitive,
) = !one.isString && one.doubleOrNull != null && one.doubleOrNull == other.doubleOrNull
