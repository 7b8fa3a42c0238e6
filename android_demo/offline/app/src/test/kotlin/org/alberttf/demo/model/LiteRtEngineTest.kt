package org.alberttf.demo.model

import org.alberttf.pipeline.runtime.EngineException
import org.alberttf.pipeline.runtime.TensorRecord
import java.nio.ByteBuffer
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertSame

private const val ENTRY = "serving_default"

/** The app's engine over the real runtime, with the two models of `make_models.py`. */
class LiteRtEngineTest {
    private fun model(name: String): ByteBuffer {
        val bytes = assertNotNull(javaClass.getResourceAsStream("/$name")).use { it.readBytes() }
        return ByteBuffer.allocateDirect(bytes.size).put(bytes).apply { flip() }
    }

    private fun open(
        name: String,
        entry: String = ENTRY,
    ) = LiteRtEngine.open(model(name), entry, 1)

    private fun inputs(
        tokens: List<Int>,
        segment: Int = 0,
    ) = mapOf(
        "padding_mask" to IntArray(tokens.size) { 1 },
        "token_ids" to tokens.toIntArray(),
        "segment_ids" to IntArray(tokens.size) { segment },
    )

    private fun floats(vararg values: Int) = values.map { it.toFloat() }

    @Test
    fun `tensors are known by their names`() {
        open("any_length.tflite").use { engine ->
            val names = setOf("token_ids", "segment_ids", "padding_mask")
            assertEquals(
                names.associateWith { TensorRecord("int32", listOf(1, null)) },
                engine.inputs,
            )
            val outputs = setOf("start", "end")
            assertEquals(
                outputs.associateWith { TensorRecord("float32", listOf(1, null)) },
                engine.outputs,
            )
        }
        open("seven_tokens.tflite").use { engine ->
            assertEquals(listOf(1, 7), engine.inputs["token_ids"]?.shape)
        }
    }

    @Test
    fun `inputs of any length are bound by name, one length after another`() {
        open("any_length.tflite").use { engine ->
            for (tokens in listOf(
                listOf(1, 2, 3),
                listOf(4),
                listOf(5, 6, 7, 8, 9),
                listOf(1, 2, 3),
            )) {
                val found = engine.run(inputs(tokens, segment = 1))
                assertEquals(tokens.map { it + 110f }, found["start"]?.asList())
                assertEquals(tokens.map { -it - 110f }, found["end"]?.asList())
            }
        }
    }

    @Test
    fun `a file of fixed length is filled with zeros`() {
        open("seven_tokens.tflite").use { engine ->
            engine.run(inputs(listOf(9, 9, 9, 9, 9, 9, 9)))
            val found = engine.run(inputs(listOf(1, 2, 3)))
            assertEquals(floats(101, 102, 103, 0, 0, 0, 0), found["start"]?.asList())
        }
    }

    @Test
    fun `arrays are kept while the length stays`() {
        open("any_length.tflite").use { engine ->
            val first = engine.run(inputs(listOf(1, 2)))["start"]
            assertSame(first, engine.run(inputs(listOf(3, 4)))["start"])
            assertEquals(floats(103, 104), first?.asList())
        }
    }

    @Test
    fun `more tokens than the file takes are refused, and other names`() {
        open("seven_tokens.tflite").use { engine ->
            val long = assertFailsWith<EngineException> { engine.run(inputs(List(8) { 1 })) }
            assertContains(long.message.orEmpty(), "must be at most 7 tokens; got 8")
            val other = inputs(listOf(1)) - "token_ids"
            val error = assertFailsWith<EngineException> { engine.run(other) }
            assertContains(
                error.message.orEmpty(),
                "inputs must be [padding_mask, segment_ids, token_ids]",
            )
            assertEquals(floats(101, 0), engine.run(inputs(listOf(1)))["start"]?.take(2))
        }
    }

    @Test
    fun `inputs of unequal length are refused`() {
        open("any_length.tflite").use { engine ->
            val uneven = inputs(listOf(1, 2)) + ("token_ids" to intArrayOf(1))
            val error = assertFailsWith<EngineException> { engine.run(uneven) }
            assertContains(error.message.orEmpty(), "one length; got [2, 1]")
        }
    }

    @Test
    fun `what is not a model is refused`() {
        val noise = ByteBuffer.allocateDirect(64)
        assertFailsWith<EngineException> { LiteRtEngine.open(noise, ENTRY, 1) }
    }

    @Test
    fun `an entry that is not there is refused`() {
        assertFailsWith<EngineException> { open("any_length.tflite", "no_such_entry") }
    }

    @Test
    fun `a closed engine refuses to answer and may be closed twice`() {
        val engine = open("any_length.tflite")
        repeat(2) { engine.close() }
        assertFailsWith<EngineException> { engine.run(inputs(listOf(1))) }
    }
}
