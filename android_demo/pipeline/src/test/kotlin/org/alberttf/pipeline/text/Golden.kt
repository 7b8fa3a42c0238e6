package org.alberttf.pipeline.text

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.io.File

/** A text with what Python reads in it; the spans are in characters (code points). */
internal class GoldenText(
    val text: String,
    val ids: List<Int>,
    val spans: List<Pair<Int, Int>>,
)

/** What Python's readers give for many texts: see tests/text/test_golden.py. */
internal object Golden {
    private val folder: File by lazy {
        // Gradle and Maven start the tests in different folders of the project.
        val parents = generateSequence(File("").absoluteFile) { it.parentFile }
        parents.map { it.resolve("tests/golden") }.first { it.isDirectory }
    }

    fun file(name: String): ByteArray = folder.resolve(name).readBytes()

    fun tokenizer(reader: String): Tokenizer {
        val files = folder.resolve(reader)
        return loadTokenizer(files.list().orEmpty().toSet()) { files.resolve(it).inputStream() }
    }

    fun texts(reader: String): List<GoldenText> {
        val json = Json.parseToJsonElement(file("$reader.json").decodeToString())
        return json.jsonArray.map { goldenText(it.jsonObject) }
    }

    private fun goldenText(entry: JsonObject): GoldenText {
        val spans = entry.getValue("spans").jsonArray.map { it.jsonArray }
        return GoldenText(
            entry.getValue("text").jsonPrimitive.content,
            entry.getValue("ids").jsonArray.map { it.jsonPrimitive.content.toInt() },
            spans.map { (start, end) -> place(start.jsonPrimitive) to place(end.jsonPrimitive) },
        )
    }

    private fun place(value: JsonPrimitive): Int = value.content.toInt()
}

/** The spans of an encoding in characters, as Python counts them. */
internal fun Encoding.spansInCharacters(text: String): List<Pair<Int, Int>> =
    starts.zip(ends) { start, end -> text.codePointCount(0, start) to text.codePointCount(0, end) }
