package org.tensorflow.lite

/** What a tensor holds. */
enum class DataType { FLOAT32, INT32 }

/** What is known of an input or an output; sizes of the signature are -1 where any will do. */
interface Tensor {
    fun index(): Int

    fun name(): String

    fun dataType(): DataType

    fun shape(): IntArray

    fun shapeSignature(): IntArray

    fun numBytes(): Int
}
