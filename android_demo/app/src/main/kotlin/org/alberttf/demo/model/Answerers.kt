package org.alberttf.demo.model

import org.alberttf.demo.state.Answerer
import org.alberttf.demo.state.Facts
import org.alberttf.demo.state.Question
import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.runtime.EdgeModel
import org.alberttf.pipeline.runtime.EngineFactory
import org.alberttf.pipeline.runtime.ModelFiles
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction

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
        ) = model.answer(request.text, request.passage, progress)
    }
}

/** Opens an export that tells classes apart, with the errors of [openQuestionAnswering]. */
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
        ) = model.classify(request)
    }
}

private fun load(
    files: ModelFiles,
    engines: EngineFactory,
    task: String,
): EdgeModel {
    val model = EdgeModel.load(files, engines)
    if (model.taskName != task) {
        model.close()
        throw ContractException("assets/$task must hold a file for $task; got ${model.taskName}.")
    }
    return model
}

private fun factsOf(model: EdgeModel) =
    Facts(model.contract.recipe, model.contract.model.bytes, model.contract.createdBy)
