package org.alberttf.pipeline.tasks

import org.alberttf.pipeline.examples.PackedSequence
import org.alberttf.pipeline.examples.pack
import org.alberttf.pipeline.text.Encoding
import org.alberttf.pipeline.text.Tokenizer
import org.alberttf.pipeline.text.isWhiteSpace

/**
 * One question about a passage: the inputs a model must read, and what it says of them.
 *
 * A passage longer than one input is read in overlapping windows; the answer is the best span of
 * all of them, cut from the original text. Give [add] the outputs of every window, in order.
 */
public class QuestionReading(
    private val settings: QuestionAnsweringSettings,
    private val tokenizer: Tokenizer,
    question: String,
    private val context: String,
    private val passage: Encoding = tokenizer.encode(context),
) {
    private val question: IntArray =
        tokenizer.encode(question).tokenIds.let {
            it.copyOf(minOf(it.size, settings.maxQueryLength))
        }
    private val stretches: List<Stretch>
    private var added = 0
    private var best: Span? = null
    private var nullScore = Float.POSITIVE_INFINITY

    init {
        val room = settings.sequenceLength - this.question.size - 3
        stretches = stretches(passage.tokenIds.size, room, minOf(settings.docStride, room))
    }

    /** How many inputs there are, at least 1. */
    public val windows: Int get() = stretches.size

    /** The question with one stretch of the passage. */
    public fun window(number: Int): PackedSequence {
        val stretch = stretches[number]
        val shown = passage.tokenIds.copyOfRange(stretch.first, stretch.past)
        return pack(question, shown, tokenizer.special)
    }

    /**
     * Takes what a model says of the next window, padding perhaps after it.
     *
     * @param start logits of the first token, [T].
     * @param end logits of the last token, [T].
     */
    public fun add(
        start: FloatArray,
        end: FloatArray,
    ) {
        val stretch = stretches[added++]
        nullScore = minOf(nullScore, start[0] + end[0])
        val found = bestSpan(start, end, question.size + 2, stretch, settings.maxAnswerLength)
        val known = best
        if (found != null && (known == null || found.score > known.score)) best = found
    }

    /**
     * The best span of all windows; empty text for an empty passage.
     *
     * In version 2, [CLS] as first and last token means that there is no answer. That is said
     * where its score, the smallest of all windows, exceeds the best span's by more than the
     * threshold.
     *
     * @throws IllegalStateException a window was not added.
     */
    public fun answer(): AnswerPrediction {
        check(added == windows) { "add must be called for all $windows windows; got $added." }
        val found = best?.let(::cut) ?: AnswerPrediction("", 0, 0, 0f)
        if (!settings.version2) return found
        // In double precision, as the threshold is.
        val difference = nullScore.toDouble() - found.score.toDouble()
        if (difference > settings.nullThreshold) {
            return AnswerPrediction("", 0, 0, nullScore, difference, found.text)
        }
        return found.copy(nullScoreDifference = difference, bestWords = found.text)
    }

    /** The words of a span, without white space around. */
    private fun cut(span: Span): AnswerPrediction {
        var start = passage.starts[span.first]
        var end = maxOf(start, passage.ends[span.last])
        while (start < end && isWhiteSpace(context[start])) start++
        while (end > start && isWhiteSpace(context[end - 1])) end--
        return AnswerPrediction(context.substring(start, end), start, end, span.score)
    }
}
