package org.tensorflow.lite

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.BuiltinOpResolver
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithXNNPACK
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.InterpreterBuilder
import org.bytedeco.tensorflowlite.SignatureRunner
import org.bytedeco.tensorflowlite.TfLiteIntArray
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteFloat32
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteInt32
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteOk
import java.nio.ByteBuffer

/**
 * The part of LiteRT's Java API that the app uses, over the same runtime built for a desktop.
 *
 * Google publishes the Java API with libraries for Android alone. Here the app's own engine runs
 * its real models on the JVM that tests it. Names and signatures are those of
 * `org.tensorflow.lite.Interpreter`.
 */
class Interpreter(
    model: ByteBuffer,
    options: Options,
) : AutoCloseable {
    /** As much of the options as the app sets. */
    class Options {
        internal var threads = -1
        internal var xnnpack = true

        fun setNumThreads(count: Int): Options = apply { threads = count }

        fun setUseXNNPACK(use: Boolean): Options = apply { xnnpack = use }
    }

    private val bytes = BytePointer(model)
    private val resolver = resolver(options)
    private val file: FlatBufferModel =
        checkNotNull(FlatBufferModel.VerifyAndBuildFromBuffer(bytes, model.remaining().toLong())) {
            "ByteBuffer is not a valid TensorFlow Lite model flatbuffer"
        }
    private val interpreter = org.bytedeco.tensorflowlite.Interpreter(null as Pointer?)
    private val runners = HashMap<String, SignatureRunner>()
    private var open = true

    init {
        require(model.isDirect) { "Model ByteBuffer should be a direct buffer of bytes." }
        val builder = InterpreterBuilder(file, resolver)
        builder.SetNumThreads(options.threads)
        verify(builder.apply(interpreter), "Cannot create interpreter")
        builder.deallocate()
    }

    fun getSignatureInputs(key: String): Array<String> {
        val runner = runner(key)
        val names = runner.input_names()
        return Array(runner.input_size().toInt()) { names.getString(it.toLong()) }.sortedArray()
    }

    fun getSignatureOutputs(key: String): Array<String> {
        val runner = runner(key)
        val names = runner.output_names()
        return Array(runner.output_size().toInt()) { names.getString(it.toLong()) }.sortedArray()
    }

    fun getInputTensorFromSignature(
        name: String,
        key: String,
    ): Tensor = Described(known(runner(key).input_tensor(name), name))

    fun getOutputTensorFromSignature(
        name: String,
        key: String,
    ): Tensor = Described(known(runner(key).output_tensor(name), name))

    /** Inputs are arrays, whose shape the tensors take. */
    fun runSignature(
        inputs: Map<String, Any>,
        outputs: Map<String, Any>,
        key: String,
    ) {
        val runner = runner(key)
        for ((name, value) in inputs) {
            val shape = shapeOf(value)
            if (!shape.contentEquals(Described(known(runner.input_tensor(name), name)).shape())) {
                verify(runner.ResizeInputTensor(name, shape), "Failed to resize $name")
            }
        }
        verify(runner.AllocateTensors(), "Failed to allocate tensors")
        for ((name, value) in inputs) write(value, buffer(runner.input_tensor(name)))
        verify(runner.Invoke(), "Failed to run on the given Interpreter")
        for ((name, value) in outputs) {
            val tensor = known(runner.output_tensor(name), name)
            read(buffer(tensor), value)
        }
    }

    override fun close() {
        if (!open) return
        open = false
        interpreter.deallocate()
        file.deallocate()
        resolver.deallocate()
    }

    private fun runner(key: String): SignatureRunner {
        check(open) { "Internal error: The Interpreter has already been closed." }
        return runners.getOrPut(key) {
            requireNotNull(interpreter.GetSignatureRunner(key)) { "Invalid signature key: $key" }
        }
    }

    private fun known(
        tensor: TfLiteTensor?,
        name: String,
    ): TfLiteTensor = requireNotNull(tensor) { "Invalid tensor name: $name" }

    private class Described(
        private val tensor: TfLiteTensor,
    ) : Tensor {
        override fun index(): Int = throw UnsupportedOperationException("bind tensors by name")

        override fun name(): String = tensor.name().string

        override fun dataType(): DataType =
            when (val type = tensor.type()) {
                kTfLiteFloat32 -> DataType.FLOAT32
                kTfLiteInt32 -> DataType.INT32
                else -> throw IllegalArgumentException("DataType error: $type is not supported")
            }

        override fun shape(): IntArray = sizes(tensor.dims())

        override fun shapeSignature(): IntArray {
            val sizes = tensor.dims_signature()
            return if (sizes == null || sizes.size() == 0) shape() else sizes(sizes)
        }

        override fun numBytes(): Int = tensor.bytes().toInt()
    }
}

private fun resolver(options: Interpreter.Options): BuiltinOpResolver =
    if (options.xnnpack) BuiltinOpResolverWithXNNPACK() else BuiltinOpResolver()

private fun sizes(array: TfLiteIntArray) = IntArray(array.size()) { array.data(it) }

private fun verify(
    status: Int,
    message: String,
) {
    require(status == kTfLiteOk) { "Internal error: $message: status $status" }
}
