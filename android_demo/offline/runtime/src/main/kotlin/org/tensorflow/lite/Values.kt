package org.tensorflow.lite

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorData
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** The shape that an array gives to a tensor: of integers, in one dimension or more. */
internal fun shapeOf(value: Any?): IntArray =
    when (value) {
        is IntArray -> intArrayOf(value.size)
        is Array<*> -> intArrayOf(value.size) + shapeOf(value.first())
        else -> throw IllegalArgumentException("inputs must be arrays of Int; got $value.")
    }

/** The memory of a tensor, which the runtime owns. */
internal fun buffer(tensor: TfLiteTensor): ByteBuffer =
    BytePointer(TfLiteTensorData(tensor))
        .capacity(tensor.bytes())
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())

/** Copies an array into a tensor of its shape. */
internal fun write(
    value: Any?,
    target: ByteBuffer,
) {
    when (value) {
        is IntArray -> value.forEach(target::putInt)
        is Array<*> -> value.forEach { write(it, target) }
        else -> throw IllegalArgumentException("inputs must be arrays of Int; got $value.")
    }
}

/** Copies a tensor into a buffer that has room for it. */
internal fun read(
    source: ByteBuffer,
    value: Any,
) {
    require(value is FloatBuffer) { "outputs must be buffers of Float; got $value." }
    value.put(source.asFloatBuffer())
}
