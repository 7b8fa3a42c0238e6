package org.alberttf.demo.model

import org.alberttf.pipeline.runtime.Engine
import org.alberttf.pipeline.runtime.EngineException
import org.alberttf.pipeline.runtime.TensorRecord
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.util.Locale

/**
 * One model file in LiteRT's interpreter, its tensors bound by the names of the signature.
 *
 * An input is handed over as an array [1, T], from whose shape LiteRT sees when T has changed; it
 * has no way of resizing by name. Where the file has a fixed T, zeros fill the rest.
 *
 * Source: albert_tf/runtime/engine.py.
 */
class LiteRtEngine private constructor(
    private val interpreter: Interpreter,
    private val signature: String,
) : Engine {
    override val inputs: Map<String, TensorRecord> =
        interpreter.getSignatureInputs(signature).associateWith {
            record(interpreter.getInputTensorFromSignature(it, signature))
        }

    override val outputs: Map<String, TensorRecord> =
        interpreter.getSignatureOutputs(signature).associateWith {
            record(interpreter.getOutputTensorFromSignature(it, signature))
        }

    private var held = Held(0)

    override fun run(inputs: Map<String, IntArray>): Map<String, FloatArray> =
        guarded("LiteRT does not answer") {
            require(inputs.keys == this.inputs.keys) {
                "inputs must be ${this.inputs.keys.sorted()}; got ${inputs.keys.sorted()}."
            }
            val lengths = inputs.values.map { it.size }.distinct()
            val tokens = lengths.singleOrNull()
            requireNotNull(tokens) { "inputs must have one length; got $lengths." }
            if (tokens != held.tokens) held = Held(tokens)
            for ((name, value) in inputs) held.fill(name, value)
            val results = held.results.mapValues { (_, values) -> FloatBuffer.wrap(values) }
            interpreter.runSignature(held.rows, results, signature)
            held.results
        }

    override fun close(): Unit = interpreter.close()

    /** What goes into LiteRT and comes out of it for inputs of T tokens, kept while T stays. */
    private inner class Held(
        val tokens: Int,
    ) {
        val rows: Map<String, Array<IntArray>> =
            inputs.mapValues { (_, tensor) -> arrayOf(IntArray(tensor.shape.last() ?: tokens)) }

        val results: Map<String, FloatArray> =
            outputs.mapValues { (_, tensor) ->
                FloatArray(tensor.shape.fold(1) { all, size -> all * (size ?: tokens) })
            }

        fun fill(
            name: String,
            value: IntArray,
        ) {
            val row = rows.getValue(name)[0]
            require(value.size <= row.size) {
                "$name must be at most ${row.size} tokens; got ${value.size}."
            }
            // What lies beyond has been zero since the row was made.
            value.copyInto(row)
        }
    }

    companion object {
        /**
         * Opens a model file.
         *
         * @param model direct bytes of the whole file, valid while the engine is open.
         * @param signature entry of the file.
         * @param threads of one answer, at least 1.
         * @throws EngineException LiteRT cannot open it, or it has no such entry.
         */
        fun open(
            model: ByteBuffer,
            signature: String,
            threads: Int,
        ): LiteRtEngine =
            guarded("LiteRT cannot open the model") {
                // Not every build of LiteRT turns XNNPACK on by itself.
                val options = Interpreter.Options().setNumThreads(threads).setUseXNNPACK(true)
                val interpreter = Interpreter(model, options)
                try {
                    LiteRtEngine(interpreter, signature)
                } catch (error: Throwable) {
                    interpreter.close()
                    throw error
                }
            }
    }
}

private fun record(tensor: Tensor) =
    TensorRecord(
        tensor.dataType().name.lowercase(Locale.ROOT),
        tensor.shapeSignature().map { size -> size.takeIf { it >= 0 } },
    )

/** Turns what LiteRT throws, at a device without its library too, into what [Engine] promises. */
private inline fun <T> guarded(
    what: String,
    block: () -> T,
): T =
    try {
        block()
    } catch (error: RuntimeException) {
        throw EngineException("$what: ${error.message}", error)
    } catch (error: OutOfMemoryError) {
        throw EngineException("$what: no memory is left.", error)
    } catch (error: LinkageError) {
        throw EngineException("$what: ${error.message}", error)
    }
