package org.alberttf.demo.state

/** All that a tab shows, but for the texts that a person may edit. */
sealed interface TabState<out A> {
    /** What is known of the model, while one is open. */
    val facts: Facts? get() = null

    /** The model is being opened. */
    data object Loading : TabState<Nothing>

    /** The model is open and waits. */
    data class Ready(
        override val facts: Facts,
    ) : TabState<Nothing>

    /** The model reads; of [total] windows it has read [done], both 0 until that is known. */
    data class Running(
        override val facts: Facts,
        val done: Int = 0,
        val total: Int = 0,
    ) : TabState<Nothing>

    data class Answer<A>(
        override val facts: Facts,
        val reply: Reply<A>,
    ) : TabState<A>

    /** Without [facts] the model could not be opened, else it may be asked again. */
    data class Failure(
        val problem: Problem,
        override val facts: Facts?,
    ) : TabState<Nothing>
}

/** What the model said, and how long that took, tokenization included. */
data class Reply<out A>(
    val value: A,
    val millis: Long,
)

/** What a person may want to know of a model. */
data class Facts(
    val recipe: String,
    /** Size of the `.tflite` file. */
    val bytes: Long,
    /** Name and version of the exporter. */
    val createdBy: String,
)

/** A question about a passage. */
data class Question(
    val text: String,
    val passage: String,
)
