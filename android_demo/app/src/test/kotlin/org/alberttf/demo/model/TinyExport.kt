package org.alberttf.demo.model

import org.alberttf.pipeline.runtime.CONTRACT_FILE
import org.alberttf.pipeline.runtime.Engine
import org.alberttf.pipeline.runtime.ModelFiles
import org.alberttf.pipeline.runtime.TensorRecord
import java.io.FileNotFoundException
import java.io.InputStream
import java.nio.ByteBuffer
import java.security.MessageDigest

private const val WORDS = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nwhere\nis\nthe\ngarden\n"

private const val QUESTIONS =
    """{"task": "question_answering", "sequence_length": 8, "doc_stride": 2,
        "max_query_length": 2, "max_answer_length": 2, "version_2": false, "null_threshold": 0.0}"""

private const val CLASSES =
    """{"task": "classification", "labels": ["no", "yes"], "text_column": "text",
        "pair_column": null, "label_column": "label", "sequence_length": 8, "dataset": "tiny"}"""

/** An export in memory whose contract is true of its files, for [task]. */
class TinyExport(
    task: String,
    edit: (contract: String) -> String = { it },
) : ModelFiles {
    val content =
        mutableMapOf("model.tflite" to byteArrayOf(1, 2, 3), "vocab.txt" to WORDS.toByteArray())

    init {
        val isQuestions = task == QUESTION_ANSWERING
        val outputs =
            if (isQuestions) {
                """"start": {"dtype": "float32", "shape": [1, null]},
                   "end": {"dtype": "float32", "shape": [1, null]}"""
            } else {
                """"probabilities": {"dtype": "float32", "shape": [1, 2]}"""
            }
        val inputs = INPUTS.joinToString { """"$it": {"dtype": "int32", "shape": [1, null]}""" }
        val contract =
            """{"format_version": 2, "created_by": "albert_tf 0.1.0", "recipe": "float32",
                "encoder": "loop", "signature": "serving_default",
                "inputs": {$inputs}, "outputs": {$outputs},
                "task": ${if (isQuestions) QUESTIONS else CLASSES},
                "special_ids": {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4},
                "parity": 0.0, "model": ${facts("model.tflite")},
                "vocabulary": [${facts("vocab.txt")}]}"""
        content[CONTRACT_FILE] = edit(contract).toByteArray()
    }

    override fun names(): Set<String> = content.keys

    override fun open(name: String): InputStream =
        content[name]?.inputStream() ?: throw FileNotFoundException(name)

    override fun map(name: String): ByteBuffer {
        val bytes = open(name).use { it.readBytes() }
        return ByteBuffer.allocateDirect(bytes.size).put(bytes).apply { flip() }
    }

    private fun facts(name: String): String {
        val bytes = content.getValue(name)
        val digest = MessageDigest.getInstance("SHA-256").digest(bytes)
        val sha256 = digest.joinToString("") { "%02x".format(it) }
        return """{"name": "$name", "bytes": ${bytes.size}, "sha256": "$sha256"}"""
    }
}

private val INPUTS = listOf("token_ids", "segment_ids", "padding_mask")
private const val GARDEN = 8

/** Says that the word "garden" answers, or "yes". */
class TinyEngine(
    task: String,
) : Engine {
    override val inputs = INPUTS.associateWith { TensorRecord("int32", listOf(1, null)) }
    override val outputs =
        if (task == QUESTION_ANSWERING) {
            listOf("start", "end").associateWith { TensorRecord("float32", listOf(1, null)) }
        } else {
            mapOf("probabilities" to TensorRecord("float32", listOf(1, 2)))
        }

    /** Is thrown at the next input. */
    var failure: Exception? = null
    var closed = 0

    override fun run(inputs: Map<String, IntArray>): Map<String, FloatArray> {
        failure?.let { throw it }
        val ids = inputs.getValue("token_ids")
        val scores = FloatArray(ids.size) { if (ids[it] == GARDEN) 3f else 0f }
        val all =
            mapOf("start" to scores, "end" to scores, "probabilities" to floatArrayOf(.2f, .8f))
        return all.filterKeys { it in outputs }
    }

    override fun close() {
        closed++
    }
}
