package org.alberttf.pipeline.runtime

import org.alberttf.pipeline.examples.PackedSequence
import org.alberttf.pipeline.tasks.AnswerPrediction
import org.alberttf.pipeline.tasks.ClassPrediction
import org.alberttf.pipeline.tasks.ClassificationSettings
import org.alberttf.pipeline.tasks.QuestionAnsweringSettings
import org.alberttf.pipeline.tasks.QuestionReading
import org.alberttf.pipeline.tasks.decodeClass
import org.alberttf.pipeline.tasks.packTexts
import org.alberttf.pipeline.text.Encoding
import org.alberttf.pipeline.text.SpecialIds
import org.alberttf.pipeline.text.Tokenizer
import org.alberttf.pipeline.text.loadTokenizer
import java.io.ByteArrayInputStream

/**
 * An exported model, ready to answer, as `albert_tf.runtime.load` gives it.
 *
 * It is used by one thread at a time, and whoever loads it closes it.
 */
public class EdgeModel private constructor(
    public val contract: Contract,
    private val tokenizer: Tokenizer,
    private val engine: Engine,
) : AutoCloseable {
    /** What the model answers, such as "question_answering". */
    public val taskName: String get() = contract.task.name

    // The last passage is kept: people ask several questions about one.
    private var passage: Pair<String, Encoding>? = null

    /**
     * Finds the answer to a question in a passage of any length.
     *
     * @param onWindow is told after each window how many were read, and of how many.
     * @throws IllegalArgumentException a text holds half a character (a lone surrogate).
     * @throws IllegalStateException the file is of another task.
     * @throws InterruptedException the thread was interrupted, which is seen between windows.
     * @throws EngineException the runtime refuses, or has no memory left.
     */
    public fun answer(
        question: String,
        context: String,
        onWindow: (done: Int, total: Int) -> Unit = { _, _ -> },
    ): AnswerPrediction {
        val settings = contract.task
        check(settings is QuestionAnsweringSettings) { "answer needs a file for questions." }
        val reading = QuestionReading(settings, tokenizer, question, context, encoded(context))
        for (number in 0 until reading.windows) {
            if (Thread.interrupted()) throw InterruptedException("stopped at window $number")
            val output = run(reading.window(number))
            reading.add(output.getValue("start"), output.getValue("end"))
            onWindow(number + 1, reading.windows)
        }
        return reading.answer()
    }

    /**
     * Labels a text, or a pair of them.
     *
     * @throws IllegalArgumentException a text holds half a character (a lone surrogate).
     * @throws IllegalStateException the file is of another task.
     * @throws EngineException the runtime refuses, or has no memory left.
     */
    public fun classify(
        text: String,
        pair: String? = null,
    ): ClassPrediction {
        val settings = contract.task
        check(settings is ClassificationSettings) { "classify needs a file for classification." }
        val output = run(packTexts(text, pair, tokenizer, settings.sequenceLength))
        return decodeClass(settings.labels, output.getValue("probabilities"))
    }

    override fun close(): Unit = engine.close()

    private fun encoded(context: String): Encoding {
        val known = passage
        if (known != null && known.first == context) return known.second
        return tokenizer.encode(context).also { passage = context to it }
    }

    private fun run(packed: PackedSequence): Map<String, FloatArray> =
        engine.run(
            mapOf(
                "token_ids" to packed.tokenIds,
                "segment_ids" to packed.segmentIds,
                "padding_mask" to IntArray(packed.tokenIds.size) { 1 },
            ),
        )

    public companion object {
        /**
         * Opens an export, every file of which is checked first.
         *
         * @throws ContractException the contract is of another version or task, a file is damaged,
         *   or it and the files disagree.
         * @throws java.io.IOException a file is missing or cannot be read.
         * @throws EngineException the runtime cannot open the model.
         */
        public fun load(
            files: ModelFiles,
            engines: EngineFactory,
        ): EdgeModel {
            val contract = parseContract(files.open(CONTRACT_FILE).use { it.readBytes() })
            val tokenizer = openTokenizer(contract, files)
            val file = contract.model.checked(files.map(contract.model.name))
            val engine = engines.open(file, contract.signature)
            val model = EdgeModel(contract, tokenizer, engine)
            try {
                compare(contract, engine, tokenizer)
            } catch (error: ContractException) {
                model.close()
                throw error
            }
            return model
        }
    }
}

private val INPUTS = setOf("token_ids", "segment_ids", "padding_mask")
private val VOCABULARY_FILES = setOf("spiece.model", "vocab.txt", "tokenizer_config.json")

/** Reads the vocabulary; no file is read that the contract has no checksum of. */
private fun openTokenizer(
    contract: Contract,
    files: ModelFiles,
): Tokenizer {
    val listed = contract.vocabulary.associateBy { it.name }
    val present = files.names().intersect(VOCABULARY_FILES)
    agree("vocabulary", listed.keys, present)
    val content =
        listed.mapValues { (name, record) ->
            record.checked(files.open(name).use { it.readBytes() })
        }
    try {
        return loadTokenizer(present) { ByteArrayInputStream(content.getValue(it)) }
    } catch (error: IllegalArgumentException) {
        throw ContractException("the vocabulary is damaged: ${error.message}", error)
    }
}

private fun compare(
    contract: Contract,
    engine: Engine,
    tokenizer: Tokenizer,
) {
    agree("inputs", contract.inputs, engine.inputs)
    agree("outputs", contract.outputs, engine.outputs)
    agree("input names", INPUTS, engine.inputs.keys)
    agree("output names", contract.task.outputs, engine.outputs.keys)
    agree("types and axes of inputs", setOf("int32" to 2), kinds(engine.inputs))
    agree("types and axes of outputs", setOf("float32" to 2), kinds(engine.outputs))
    agree("special_ids", contract.specialIds, tokenizer.special.named())
    val shape = contract.inputs.getValue("token_ids").shape
    val room = shape.last() ?: contract.task.sequenceLength
    if (shape.first() != 1 || room < contract.task.sequenceLength) {
        throw ContractException(
            "$CONTRACT_FILE: token_ids must be of shape [1, T], T being at least " +
                "${contract.task.sequenceLength}; got $shape. Export again with --batch 1.",
        )
    }
    val task = contract.task
    val classes = engine.outputs["probabilities"]?.shape?.last()
    if (task is ClassificationSettings && classes != task.labels.size) {
        throw ContractException(
            "$CONTRACT_FILE: labels must be $classes, as many as the model tells apart; " +
                "got ${task.labels.size}. Export again.",
        )
    }
}

private fun kinds(tensors: Map<String, TensorRecord>) =
    tensors.values.map { it.dtype to it.shape.size }.toSet()

private fun SpecialIds.named() =
    mapOf("pad" to pad, "unk" to unk, "cls" to cls, "sep" to sep, "mask" to mask)

private fun agree(
    what: String,
    said: Any,
    found: Any,
) {
    if (said != found) {
        throw ContractException(
            "$CONTRACT_FILE disagrees with the files beside it about $what: " +
                "$said against $found. Export again.",
        )
    }
}
