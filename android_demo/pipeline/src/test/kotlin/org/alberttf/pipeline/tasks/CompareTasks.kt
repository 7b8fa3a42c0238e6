package org.alberttf.pipeline.tasks

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import org.alberttf.pipeline.examples.PackedSequence
import org.alberttf.pipeline.runtime.strict
import org.alberttf.pipeline.text.Tokenizer
import org.alberttf.pipeline.text.loadTokenizer
import java.io.File

/** What Python says of one question, with made-up outputs of a model. Places are code points. */
@Serializable
private class QuestionCase(
    val question: String,
    val context: String,
    val task: TaskSettings,
    val windows: List<WindowCase>,
    val answer: AnswerCase,
)

@Serializable
private class WindowCase(
    val tokenIds: List<Int>,
    val segmentIds: List<Int>,
    val start: List<Float>,
    val end: List<Float>,
)

@Serializable
private data class AnswerCase(
    val text: String,
    val start: Int,
    val end: Int,
    val score: Float,
    val nullScoreDifference: Double?,
    val bestWords: String?,
)

@Serializable
private class TextCase(
    val text: String,
    @SerialName("pair") val second: String?,
    val task: TaskSettings,
    val tokenIds: List<Int>,
    val segmentIds: List<Int>,
    val probabilities: List<Float>,
    val label: String,
)

/**
 * Compares cases that Python wrote with what Kotlin makes of them.
 *
 * Arguments: a vocabulary folder, a file of [QuestionCase]s, a file of [TextCase]s, one JSON
 * object in a line. Prints how many cases there were, how many differ, and the first of these.
 */
fun main(arguments: Array<String>) {
    val (vocabulary, questions, texts) = arguments.map(::File)
    val names = vocabulary.list().orEmpty().toSet()
    val tokenizer = loadTokenizer(names) { vocabulary.resolve(it).inputStream() }
    val same =
        questions.readLines().map { same(strict.decodeFromString<QuestionCase>(it), tokenizer) } +
            texts.readLines().map { same(strict.decodeFromString<TextCase>(it), tokenizer) }
    val different = same.indices.filterNot { same[it] }
    println("${same.size} cases, ${different.size} differ: ${different.take(9)}")
}

private fun same(
    case: QuestionCase,
    tokenizer: Tokenizer,
): Boolean {
    val task = case.task as QuestionAnsweringSettings
    val reading = QuestionReading(task, tokenizer, case.question, case.context)
    if (reading.windows != case.windows.size) return false
    for ((number, window) in case.windows.withIndex()) {
        if (!same(reading.window(number), window.tokenIds, window.segmentIds)) return false
        reading.add(window.start.toFloatArray(), window.end.toFloatArray())
    }
    val found = reading.answer()
    val answer =
        AnswerCase(
            found.text,
            case.context.codePointCount(0, found.start),
            case.context.codePointCount(0, found.end),
            found.score,
            found.nullScoreDifference,
            found.bestWords,
        )
    return answer == case.answer
}

private fun same(
    case: TextCase,
    tokenizer: Tokenizer,
): Boolean {
    val task = case.task as ClassificationSettings
    val packed = packTexts(case.text, case.second, tokenizer, task.sequenceLength)
    val found = decodeClass(task.labels, case.probabilities.toFloatArray())
    return same(packed, case.tokenIds, case.segmentIds) && found.label == case.label
}

private fun same(
    packed: PackedSequence,
    tokenIds: List<Int>,
    segmentIds: List<Int>,
) = packed.tokenIds.asList() == tokenIds && packed.segmentIds.asList() == segmentIds
