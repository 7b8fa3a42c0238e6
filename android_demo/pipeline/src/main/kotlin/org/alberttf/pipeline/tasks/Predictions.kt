package org.alberttf.pipeline.tasks

/** The words of a passage that answer a question best; none of them where [text] is empty. */
public data class AnswerPrediction(
    val text: String,
    /** First character in the passage, in UTF-16 units. */
    val start: Int,
    /** Past the last character. */
    val end: Int,
    /** Start logit plus end logit; comparable within one question. */
    val score: Float,
    /** In version 2 the score of no answer less that of the best words, else null. */
    val nullScoreDifference: Double? = null,
    /** In version 2 [text], or what it would be had the passage an answer; else null. */
    val bestWords: String? = null,
)

/** The likeliest class and the probability of each, in the order of the labels. */
public data class ClassPrediction(
    val label: String,
    val probabilities: Map<String, Float>,
)
