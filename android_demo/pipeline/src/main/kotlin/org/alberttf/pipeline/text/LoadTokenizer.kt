package org.alberttf.pipeline.text

import java.io.InputStream

public fun loadTokenizer(
    names: Set<String>,
    open: (String) -> InputStream,
): Tokenizer = throw IllegalArgumentException("no tokenizer for $names with $open")
