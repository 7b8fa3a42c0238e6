package org.alberttf.desktop

import org.alberttf.demo.model.LiteRtEngine
import org.alberttf.pipeline.runtime.EdgeModel
import org.alberttf.pipeline.runtime.Engine
import java.io.File
import java.nio.ByteBuffer

private const val ROUNDS = 200

/** An engine that counts the time spent in another one. */
private class Timed(
    private val engine: Engine,
) : Engine by engine {
    var nanoseconds = 0L
    var tokens = 0

    override fun run(inputs: Map<String, IntArray>): Map<String, FloatArray> {
        val began = System.nanoTime()
        tokens = inputs.values.first().size
        return engine.run(inputs).also { nanoseconds += System.nanoTime() - began }
    }
}

/**
 * Shows how much of an answer is not the interpreter's: tokenizing, packing, decoding, copying.
 *
 * Arguments: the folder of an export for classification, and a text of many words, of which those
 * that fit are read. Medians of 200 answers after as many to warm up, each of a text of its own.
 */
fun main(arguments: Array<String>) {
    val (folder, text) = arguments
    lateinit var timed: Timed
    val open = { model: ByteBuffer, signature: String ->
        Timed(LiteRtEngine.open(model, signature, 2)).also { timed = it }
    }
    EdgeModel.load(FolderFiles(File(folder)), open).use { model ->
        val shares =
            List(2 * ROUNDS) { round ->
                timed.nanoseconds = 0
                val began = System.nanoTime()
                model.classify("$round $text")
                val whole = System.nanoTime() - began
                (whole - timed.nanoseconds) to timed.nanoseconds
            }.drop(ROUNDS)
        val around = median(shares.map { it.first })
        val inside = median(shares.map { it.second })
        val share = 100.0 * around / inside
        val format = "%d tokens: interpreter %.3f ms, all else %.4f ms, %.2f %% of it"
        println(format.format(timed.tokens, inside / 1e6, around / 1e6, share))
    }
}

private fun median(values: List<Long>) = values.sorted()[values.size / 2]
