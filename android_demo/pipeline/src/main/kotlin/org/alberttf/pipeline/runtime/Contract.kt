package org.alberttf.pipeline.runtime

import kotlinx.serialization.Serializable

/** An input or an output of a model. */
@Serializable
public data class TensorRecord(
    /** As NumPy names it. */
    val dtype: String,
    /** A size is null where any will do. */
    val shape: List<Int?>,
)
