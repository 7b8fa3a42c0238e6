package org.alberttf.demo.state

import org.alberttf.pipeline.runtime.ContractException
import org.alberttf.pipeline.runtime.EngineException
import java.io.FileNotFoundException
import java.io.IOException
import java.util.concurrent.CancellationException

/** A text holds half a character (a lone surrogate). */
class TextException(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

/** What went wrong, and what the program said of it in English. */
data class Problem(
    val kind: Kind,
    val detail: String,
) {
    /** Each kind has a cure of its own, which the screen tells. */
    enum class Kind {
        /** The app was built without a model. */
        MISSING,

        /** The model's files are damaged, of another version, or do not belong together. */
        CONTRACT,

        /** A file is there but cannot be read. */
        UNREADABLE,

        MEMORY,

        /** LiteRT refuses the model or an input. */
        ENGINE,

        /** The text holds half a character. */
        TEXT,

        /** A person stopped it. */
        STOPPED,
    }
}

/** The problem behind an error, or null for one that only a mistake in the program can cause. */
fun problemOf(error: Throwable): Problem? {
    val kind =
        when (error) {
            is FileNotFoundException -> Problem.Kind.MISSING
            is IOException -> Problem.Kind.UNREADABLE
            is ContractException -> Problem.Kind.CONTRACT
            is OutOfMemoryError -> Problem.Kind.MEMORY
            is EngineException -> engineKind(error)
            is TextException -> Problem.Kind.TEXT
            is CancellationException, is InterruptedException -> Problem.Kind.STOPPED
            else -> return null
        }
    return Problem(kind, error.message.orEmpty())
}

private fun engineKind(error: EngineException) =
    if (error.cause is OutOfMemoryError) Problem.Kind.MEMORY else Problem.Kind.ENGINE
