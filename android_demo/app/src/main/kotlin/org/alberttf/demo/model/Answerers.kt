package org.alberttf.demo.model

import org.alberttf.demo.state.Answerer
import org.alberttf.demo.state.Facts
import org.alberttf.demo.state.Question
import org.alberttf.demo.state.TextException
import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.runtime.EdgeModel
import org.alberttf.pipeline.runtime.EngineFactory
import org.alberttf.pipeline.runtime.ModelFiles
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction
import org.alberttf.pipeline.tasks.ClassificationSettings
import org.alberttf.pipeline.tasks.TaskSettings

/** Name of the task, and of the assets' folder, of files that find answers in a passage. */
const val QUESTION_ANSWERING: String = "question_answering"

/** The same of files that tell classes apart. */
const val CLASSIFICATION: String = "classification"

/**
 * Opens an export that answers questions.
 *
 * @throws ContractException the files are damaged, of another version, or of another task.
 * @throws java.io.IOException a file is missing or cannot be read.
 * @throws org.alberttf.pipeline.runtime.EngineException the runtime cannot open the model.
 */
fun openQuestionAnswering(
    files: ModelFiles,
    engines: EngineFactory,
): Answerer<Question, AnswerPrediction> {
    val model = load(files, engines, QUESTION_ANSWERING)
    return object : Answerer<Question, AnswerPrediction>, AutoCloseable by model {
        override val facts = factsOf(model)

        override fun answer(
            request: Question,
            progress: (done: Int, total: Int) -> Unit,
        ) = reading(request.text, request.passage) {
            model.answer(request.text, request.passage, progress)
        }
    }
}

/** Opens an export that tells classes of single texts apart, else as [openQuestionAnswering]. */
fun openClassification(
    files: ModelFiles,
    engines: EngineFactory,
): Answerer<String, ClassPrediction> {
    val model = load(files, engines, CLASSIFICATION)
    return object : Answerer<String, ClassPrediction>, AutoCloseable by model {
        override val facts = factsOf(model)

        override fun answer(
            request: String,
            progress: (done: Int, total: Int) -> Unit,
        ) = reading(request) { model.classify(request) }
    }
}

private fun load(
    files: ModelFiles,
    engines: EngineFactory,
    task: String,
): EdgeModel {
    val model = EdgeModel.load(files, engines)
    val refusal = refusal(model.contract.task, task)
    if (refusal != null) {
        model.close()
        throw ContractException(refusal)
    }
    return model
}

/** Why the app has no use for a file where one for [task] should be, or null. */
private fun refusal(
    found: TaskSettings,
    task: String,
): String? {
    if (found.name != task) {
        return "assets/$task must hold a file for $task; got ${found.name}."
    }
    val pair = (found as? ClassificationSettings)?.pairColumn ?: return null
    return "assets/$task must hold a file for single texts, which the app reads; got one for " +
        "pairs of ${found.textColumn} and $pair."
}

/** Tells half a character in [texts], which not every tokenizer drops, from a mistake in here. */
private inline fun <A> reading(
    vararg texts: String,
    answer: () -> A,
): A =
    try {
        answer()
    } catch (error: IllegalArgumentException) {
        if (texts.none(::hasHalfCharacter)) throw error
        throw TextException(error.message.orEmpty(), error)
    }

private fun hasHalfCharacter(text: String) =
    text.codePoints().anyMatch { it in Character.MIN_SURROGATE.code..Character.MAX_SURROGATE.code }

private fun factsOf(model: EdgeModel) =
    Facts(model.contract.recipe, model.contract.model.bytes, model.contract.createdBy)
