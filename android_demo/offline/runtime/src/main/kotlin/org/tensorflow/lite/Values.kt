package org.tensorflow.lite

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorData
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.IntBuffer

/** The shape that an array gives to a tensor; a buffer gives none. */
internal fun shapeOf(value: Any): IntArray? =
    when (value) {
        is Buffer -> null
        is IntArray -> intArrayOf(value.size)
        is FloatArray -> intArrayOf(value.size)
        is Array<*> -> intArrayOf(value.size) + (value.first()?.let(::shapeOf) ?: intArrayOf())
        else -> throw IllegalArgumentException("DataType error: cannot resolve ${value.javaClass}")
    }

/** The memory of a tensor, which the runtime owns. */
internal fun buffer(tensor: TfLiteTensor): ByteBuffer =
    BytePointer(TfLiteTensorData(tensor))
        .capacity(tensor.bytes())
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())

internal fun write(
    value: Any,
    target: ByteBuffer,
) {
    when (value) {
        is IntArray -> {
            target.asIntBuffer().put(value)
            target.position(target.position() + Int.SIZE_BYTES * value.size)
        }

        is Array<*> -> {
            value.filterNotNull().forEach { write(it, target) }
        }

        is Buffer -> {
            require(value.capacity() * width(value) == target.capacity()) {
                "Cannot copy to a tensor with ${target.capacity()} bytes from a buffer of " +
                    "${value.capacity() * width(value)}."
            }
            copy(value, target)
        }

        else -> {
            throw IllegalArgumentException("DataType error: cannot resolve ${value.javaClass}")
        }
    }
}

internal fun read(
    source: ByteBuffer,
    value: Any,
) {
    when (value) {
        is FloatArray -> {
            source.asFloatBuffer().get(value)
            source.position(source.position() + Float.SIZE_BYTES * value.size)
        }

        is Array<*> -> {
            value.filterNotNull().forEach { read(source, it) }
        }

        is FloatBuffer -> {
            value.put(source.asFloatBuffer())
        }

        is ByteBuffer -> {
            value.put(source)
        }

        else -> {
            throw IllegalArgumentException("DataType error: cannot resolve ${value.javaClass}")
        }
    }
}

private fun width(buffer: Buffer) = if (buffer is ByteBuffer) 1 else Int.SIZE_BYTES

private fun copy(
    value: Buffer,
    target: ByteBuffer,
) {
    when (value) {
        is IntBuffer -> target.asIntBuffer().put(value.duplicate().apply { rewind() })
        is FloatBuffer -> target.asFloatBuffer().put(value.duplicate().apply { rewind() })
        is ByteBuffer -> target.put(value.duplicate().apply { rewind() })
        else -> throw IllegalArgumentException("DataType error: cannot resolve ${value.javaClass}")
    }
}
