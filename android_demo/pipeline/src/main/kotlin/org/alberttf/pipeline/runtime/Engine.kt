package org.alberttf.pipeline.runtime

import java.io.InputStream
import java.nio.ByteBuffer

/**
 * Computes the outputs of one model file. Tensors are bound by the names of its signature.
 *
 * An engine is used by one thread at a time and owns native memory: whoever makes one closes it.
 */
public interface Engine : AutoCloseable {
    /** int32 tensors that [run] takes, by name; a size is null where any will do. */
    public val inputs: Map<String, TensorRecord>

    /** float32 tensors that [run] gives, by name. */
    public val outputs: Map<String, TensorRecord>

    /**
     * Computes one input.
     *
     * @param inputs T values under each input name, read as [1, T].
     * @return the values of each output, row by row, in arrays that the next call may overwrite.
     * @throws EngineException the runtime refuses, or has no memory left.
     */
    public fun run(inputs: Map<String, IntArray>): Map<String, FloatArray>
}

/** Opens a model file for the entry [signature]. */
public fun interface EngineFactory {
    /**
     * @param model direct bytes of the whole file, which must stay valid while the engine is open.
     * @throws EngineException not a model that the runtime can open, or no such entry.
     */
    public fun open(
        model: ByteBuffer,
        signature: String,
    ): Engine
}

/** The runtime could not open a model or compute an answer. */
public class EngineException(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

/** The files of an export, wherever they lie. */
public interface ModelFiles {
    /** Names of the files that are there. */
    public fun names(): Set<String>

    /** @throws java.io.IOException the file is missing or cannot be read. */
    public fun open(name: String): InputStream

    /**
     * The whole file as a direct buffer, mapped rather than copied where that is possible.
     *
     * @throws java.io.IOException the file is missing or cannot be read.
     */
    public fun map(name: String): ByteBuffer
}
