package org.alberttf.pipeline.tasks

import org.alberttf.pipeline.examples.PackedSequence
import org.alberttf.pipeline.examples.pack
import org.alberttf.pipeline.examples.truncate
import org.alberttf.pipeline.text.Tokenizer

/**
 * Packs a text, or two as segments, cut to the length.
 *
 * @throws IllegalArgumentException a text holds half a character (a lone surrogate).
 */
public fun packTexts(
    text: String,
    pair: String?,
    tokenizer: Tokenizer,
    sequenceLength: Int,
): PackedSequence {
    val first = tokenizer.encode(text).tokenIds
    val second = pair?.let { tokenizer.encode(it).tokenIds }
    val (kept, keptOfSecond) = truncate(first.size, second?.size, sequenceLength)
    return pack(first.copyOf(kept), second?.copyOf(keptOfSecond), tokenizer.special)
}

/** The likeliest of C labels, the first of equals, from the probability of each, [C]. */
public fun decodeClass(
    labels: List<String>,
    probabilities: FloatArray,
): ClassPrediction {
    require(labels.size == probabilities.size) {
        "probabilities must be ${labels.size}, one for each label; got ${probabilities.size}."
    }
    var best = 0
    for (label in probabilities.indices) {
        if (probabilities[label] > probabilities[best]) best = label
    }
    return ClassPrediction(labels[best], labels.zip(probabilities.asList()).toMap())
}
