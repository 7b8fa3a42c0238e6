package org.alberttf.pipeline.text

import java.io.InputStream

internal const val SENTENCEPIECE_FILE = "spiece.model"
internal const val WORDPIECE_FILE = "vocab.txt"
internal const val TOKENIZER_OPTIONS_FILE = "tokenizer_config.json"

/**
 * Opens the vocabulary among [names]: `spiece.model`, or `vocab.txt` with its options.
 *
 * @param open gives the content of a file by its name; what it gives is closed here.
 * @throws IllegalArgumentException neither file is there, a file is damaged, or a special token is
 *     missing.
 * @throws java.io.IOException a file cannot be read.
 */
public fun loadTokenizer(
    names: Set<String>,
    open: (String) -> InputStream,
): Tokenizer {
    fun read(name: String): ByteArray = open(name).use { it.readBytes() }
    return when {
        SENTENCEPIECE_FILE in names -> {
            SentencePieceTokenizer(read(SENTENCEPIECE_FILE))
        }

        WORDPIECE_FILE in names -> {
            val hasOptions = TOKENIZER_OPTIONS_FILE in names
            val options = if (hasOptions) read(TOKENIZER_OPTIONS_FILE) else "{}".toByteArray()
            WordPieceTokenizer(read(WORDPIECE_FILE), options)
        }

        else -> {
            throw IllegalArgumentException(
                "there is no vocabulary among ${names.sorted()}: expected $SENTENCEPIECE_FILE or " +
                    "$WORDPIECE_FILE.",
            )
        }
    }
}
