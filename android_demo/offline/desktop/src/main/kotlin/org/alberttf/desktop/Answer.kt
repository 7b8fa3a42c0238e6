package org.alberttf.desktop

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject
import org.alberttf.pipeline.runtime.EdgeModel
import java.io.File

/**
 * Answers a file of examples, one JSON object in a line, and prints as many answers.
 *
 * Arguments: the folder of an export, and the file. An example has `question` and `context`, or
 * `text` and perhaps `pair`. Places in an answer are code points, as Python counts them.
 */
fun main(arguments: Array<String>) {
    val (folder, examples) = arguments.map(::File)
    openModel(folder).use { model ->
        examples.forEachLine { println(answer(model, Json.parseToJsonElement(it).jsonObject)) }
    }
}

private fun answer(
    model: EdgeModel,
    example: JsonObject,
): JsonObject =
    if (model.taskName == "question_answering") {
        val context = example.text("context")
        val found = model.answer(example.text("question"), context)
        buildJsonObject {
            put("text", found.text)
            put("start", context.codePointCount(0, found.start))
            put("end", context.codePointCount(0, found.end))
            put("score", found.score)
        }
    } else {
        val pair = example["pair"]?.jsonPrimitive?.contentOrNull
        val found = model.classify(example.text("text"), pair)
        buildJsonObject {
            put("label", found.label)
            putJsonObject("probabilities") {
                for ((label, value) in found.probabilities) put(label, JsonPrimitive(value))
            }
        }
    }

private fun JsonObject.text(name: String) = getValue(name).jsonPrimitive.content
