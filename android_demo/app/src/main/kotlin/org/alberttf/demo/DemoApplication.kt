package org.alberttf.demo

import android.app.Application
import android.os.Handler
import android.os.Looper
import org.alberttf.demo.model.AssetFiles
import org.alberttf.demo.model.CLASSIFICATION
import org.alberttf.demo.model.LiteRtEngine
import org.alberttf.demo.model.QUESTION_ANSWERING
import org.alberttf.demo.model.openClassification
import org.alberttf.demo.model.openQuestionAnswering
import org.alberttf.demo.state.Answerer
import org.alberttf.demo.state.Demo
import org.alberttf.demo.state.Question
import org.alberttf.demo.state.TabPresenter
import org.alberttf.pipeline.runtime.EngineFactory
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction
import java.util.concurrent.Executor
import java.util.concurrent.Executors

/** Says where models come from and on which threads they run; tests say something else. */
open class DemoApplication : Application() {
    // One each, for the life of the process: a model is closed before the next is opened.
    protected open val forQuestions: Executor by lazy(Executors::newSingleThreadExecutor)
    protected open val forClasses: Executor by lazy(Executors::newSingleThreadExecutor)

    private val engines =
        EngineFactory { model, signature ->
            LiteRtEngine.open(model, signature, threads(Runtime.getRuntime().availableProcessors()))
        }

    /** Makes what an activity shows. Models are opened later, each when its tab is first seen. */
    fun demo(): Demo {
        val main = Executor(Handler(Looper.getMainLooper())::post)
        return Demo(
            TabPresenter(::questionModel, forQuestions, main, System::nanoTime),
            TabPresenter(::classModel, forClasses, main, System::nanoTime),
        )
    }

    protected open fun questionModel(): Answerer<Question, AnswerPrediction> =
        openQuestionAnswering(AssetFiles(assets, QUESTION_ANSWERING), engines)

    protected open fun classModel(): Answerer<String, ClassPrediction> =
        openClassification(AssetFiles(assets, CLASSIFICATION), engines)
}

/** As many threads as a phone has fast cores, about half; more would wait for the slow ones. */
internal fun threads(cores: Int): Int = (cores / 2).coerceIn(1, 4)
