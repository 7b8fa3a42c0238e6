package org.alberttf.pipeline.runtime

import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

private const val WORDS = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmina\nwas\nin\nthe\ngarden\nwhere\n"
private val MODEL = byteArrayOf(1, 2, 3)

internal val QUESTIONS =
    CONTRACT
        .replace(Regex("\"task\": \\{[^}]*\\}"), QUESTION_TASK)
        .replace("\"probabilities\": {\"dtype\": \"float32\", \"shape\": [1, 2]}", SPANS)

private const val QUESTION_TASK =
    """"task": {"task": "question_answering", "sequence_length": 8, "doc_stride": 2,
        "max_query_length": 1, "max_answer_length": 2, "version_2": false, "null_threshold": 0.0}"""

private const val SPANS =
    """"start": {"dtype": "float32", "shape": [1, null]},
       "end": {"dtype": "float32", "shape": [1, null]}"""

/** Files in memory, with a contract that is true of them. */
private class Memory(
    contract: String = CONTRACT,
    val content: MutableMap<String, ByteArray> =
        mutableMapOf("model.tflite" to MODEL, "vocab.txt" to WORDS.toByteArray()),
) : ModelFiles {
    init {
        content[CONTRACT_FILE] =
            contract
                .replace("\"bytes\": 3, \"sha256\": \"00\"", facts(MODEL))
                .replace("\"bytes\": 5, \"sha256\": \"00\"", facts(WORDS.toByteArray()))
                .toByteArray()
    }

    override fun names(): Set<String> = content.keys

    override fun open(name: String): InputStream =
        content[name]?.inputStream() ?: throw FileNotFoundException("$name is missing")

    override fun map(name: String): ByteBuffer {
        val bytes = open(name).readBytes()
        return ByteBuffer.allocateDirect(bytes.size).put(bytes).apply { rewind() }
    }

    private fun facts(bytes: ByteArray): String {
        val digest = MessageDigest.getInstance("SHA-256").digest(bytes)
        val text = digest.joinToString("") { "%02x".format(it) }
        return "\"bytes\": ${bytes.size}, \"sha256\": \"$text\""
    }
}

/** An engine that says what it is told to. */
private class Told(
    override val inputs: Map<String, TensorRecord>,
    override val outputs: Map<String, TensorRecord>,
    val answer: (IntArray) -> Map<String, FloatArray>,
) : Engine {
    val seen = mutableListOf<List<Int>>()
    var closed = 0

    override fun run(inputs: Map<String, IntArray>): Map<String, FloatArray> {
        val ids = inputs.getValue("token_ids")
        assertTrue(inputs.values.all { it.size == ids.size })
        assertTrue(inputs.getValue("padding_mask").all { it == 1 })
        seen += ids.asList()
        return answer(ids)
    }

    override fun close() {
        closed++
    }
}

private fun told(
    contract: String = CONTRACT,
    answer: (IntArray) -> Map<String, FloatArray> = ::mostlyYes,
): Told = parseContract(contract.toByteArray()).let { Told(it.inputs, it.outputs, answer) }

private fun mostlyYes(ids: IntArray) =
    mapOf("probabilities" to if (ids.isEmpty()) floatArrayOf() else floatArrayOf(.2f, .8f))

private fun load(
    files: ModelFiles,
    engine: Engine,
) = EdgeModel.load(files) { model, signature ->
    assertEquals(MODEL.size, model.remaining())
    assertEquals("serving_default", signature)
    engine
}

/** Says that the word "garden" answers. */
private fun garden(ids: IntArray): Map<String, FloatArray> {
    val scores = FloatArray(ids.size) { if (ids[it] == 9) 3f else 0f }
    return mapOf("start" to scores, "end" to scores)
}

class EdgeModelTest {
    @Test
    fun `a text is packed and gets the likeliest label`() {
        val engine = told()
        val found = load(Memory(), engine).classify("Mina was [SEP]", "the garden")
        assertEquals("yes", found.label)
        assertEquals(mapOf("no" to .2f, "yes" to .8f), found.probabilities)
        assertEquals(listOf(2, 5, 6, 1, 1, 1, 3, 8, 9, 3), engine.seen.single())
    }

    @Test
    fun `a long passage is read in windows, and one answer comes of them`() {
        val engine = told(QUESTIONS, ::garden)
        val model = load(Memory(QUESTIONS), engine)
        val passage = "Mina was in the the the the \ud83d\ude00 garden"
        val told = mutableListOf<Pair<Int, Int>>()
        val answer = model.answer("where", passage) { done, total -> told += done to total }
        assertEquals("garden", answer.text)
        assertEquals(passage.indexOf("garden"), answer.start)
        assertEquals(passage.length, answer.end)
        assertEquals(6f, answer.score)
        assertEquals((1..engine.seen.size).map { it to engine.seen.size }, told)
        assertTrue(engine.seen.size > 1)
    }

    @Test
    fun `an empty passage has no answer`() {
        val model = load(Memory(QUESTIONS), told(QUESTIONS, ::garden))
        assertEquals("", model.answer("where", " ").text)
    }

    @Test
    fun `a thread that was interrupted stops between windows`() {
        val engine = told(QUESTIONS, ::garden)
        val model = load(Memory(QUESTIONS), engine)
        assertFailsWith<InterruptedException> {
            model.answer("where", "the ".repeat(99)) { done, _ ->
                if (done == 2) Thread.currentThread().interrupt()
            }
        }
        assertEquals(2, engine.seen.size)
        assertEquals("garden", model.answer("where", "the garden").text)
    }

    @Test
    fun `a model answers what it is made for alone`() {
        assertFailsWith<IllegalStateException> { load(Memory(), told()).answer("a", "b") }
        assertFailsWith<IllegalStateException> {
            load(Memory(QUESTIONS), told(QUESTIONS, ::garden)).classify("a")
        }
    }

    @Test
    fun `a damaged file is known by its checksum`() {
        val files = Memory().apply { content["model.tflite"] = byteArrayOf(1, 2, 4) }
        refused(files, told(), "model.tflite does not match its checksum")
        val shorter = Memory().apply { content["vocab.txt"] = WORDS.dropLast(1).toByteArray() }
        refused(shorter, told(), "vocab.txt must have")
    }

    @Test
    fun `a missing file is named`() {
        val files = Memory().apply { content -= "model.tflite" }
        val error = assertFailsWith<IOException> { load(files, told()) }
        assertContains(error.message.orEmpty(), "model.tflite")
    }

    @Test
    fun `a vocabulary that the contract does not know is refused`() {
        val files = Memory().apply { content["spiece.model"] = byteArrayOf() }
        refused(files, told(), "vocabulary")
    }

    @Test
    fun `a model of other tensors is refused and closed`() {
        val other = Told(emptyMap(), told().outputs) { emptyMap() }
        refused(Memory(), other, "inputs")
        assertEquals(1, other.closed)
    }

    @Test
    fun `tensors of other names, types and axes are refused`() {
        for ((said, other) in listOf(
            "\"segment_ids\"" to "\"type_ids\"",
            "\"dtype\": \"int32\"" to "\"dtype\": \"int64\"",
            "\"shape\": [1, null]" to "\"shape\": []",
            "\"shape\": [1, 2]" to "\"shape\": [2]",
        )) {
            val contract = CONTRACT.replace(said, other)
            val engine = told(contract)
            assertFailsWith<ContractException>(other) { load(Memory(contract), engine) }
            assertEquals(1, engine.closed)
        }
    }

    @Test
    fun `special ids must be those of the vocabulary`() {
        refused(Memory(CONTRACT.replace("\"cls\": 2", "\"cls\": 9")), told(), "special_ids")
    }

    @Test
    fun `as many labels are wanted as the model tells apart`() {
        val contract = CONTRACT.replace("[\"no\", \"yes\"]", "[\"no\", \"yes\", \"maybe\"]")
        refused(Memory(contract), told(), "labels must be 2")
    }

    @Test
    fun `a file for full batches, or of too few tokens, is refused`() {
        for (shape in listOf("[8, null]", "[1, 15]")) {
            val contract = CONTRACT.replace("[1, null]", shape)
            refused(Memory(contract), told(contract), "[1, T]")
        }
        val roomy = CONTRACT.replace("[1, null]", "[1, 16]")
        assertEquals("yes", load(Memory(roomy), told(roomy)).classify("mina").label)
    }

    private fun refused(
        files: ModelFiles,
        engine: Engine,
        words: String,
    ) {
        val error = assertFailsWith<ContractException> { load(files, engine) }
        assertContains(error.message.orEmpty(), words)
    }
}
