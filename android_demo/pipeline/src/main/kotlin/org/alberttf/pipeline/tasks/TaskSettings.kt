@file:OptIn(ExperimentalSerializationApi::class)

package org.alberttf.pipeline.tasks

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonClassDiscriminator

/** What a model was trained for, as the contract tells it. */
@Serializable
@JsonClassDiscriminator("task")
public sealed interface TaskSettings {
    /** As in the contract. */
    public val name: String

    /** Most tokens of one input. */
    public val sequenceLength: Int

    /** Names of the outputs that a file for this task has. */
    public val outputs: Set<String>
}

/** Answers that are words of a passage, or in version 2 that there is none. */
@Serializable
@SerialName("question_answering")
public data class QuestionAnsweringSettings(
    override val sequenceLength: Int,
    val docStride: Int,
    val maxQueryLength: Int,
    val maxAnswerLength: Int,
    @SerialName("version_2") val version2: Boolean,
    val nullThreshold: Double,
) : TaskSettings {
    override val name: String get() = "question_answering"
    override val outputs: Set<String> get() = setOf("start", "end")

    init {
        val atLeastOne =
            mapOf(
                "doc_stride" to docStride,
                "max_query_length" to maxQueryLength,
                "max_answer_length" to maxAnswerLength,
            )
        for ((name, value) in atLeastOne) {
            require(value >= 1) { "$name must be at least 1; got $value." }
        }
        require(sequenceLength - maxQueryLength >= 4) {
            "sequence_length must exceed max_query_length ($maxQueryLength) by at least 4; " +
                "got $sequenceLength."
        }
    }
}

/** Classes of single texts or pairs. Columns and dataset are of files that were trained on. */
@Serializable
@SerialName("classification")
public data class ClassificationSettings(
    val labels: List<String>,
    val textColumn: String,
    val pairColumn: String?,
    val labelColumn: String,
    override val sequenceLength: Int,
    val dataset: String,
) : TaskSettings {
    override val name: String get() = "classification"
    override val outputs: Set<String> get() = setOf("probabilities")

    init {
        require(labels.toSet().size == labels.size && labels.size >= 2) {
            "labels must be at least 2 different ones; got $labels."
        }
        val least = if (pairColumn == null) 3 else 5
        require(sequenceLength >= least) {
            "sequence_length must be at least $least; got $sequenceLength."
        }
    }
}
