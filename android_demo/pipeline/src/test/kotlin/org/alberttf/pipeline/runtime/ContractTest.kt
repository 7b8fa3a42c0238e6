package org.alberttf.pipeline.runtime

import org.alberttf.pipeline.tasks.ClassificationSettings
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs

/** A contract of a classifier, as Python writes it. */
internal val CONTRACT =
    """
    {"format_version": 2, "created_by": "albert_tf 0.1.0", "recipe": "float32", "encoder": "loop",
     "signature": "serving_default",
     "inputs": {"padding_mask": {"dtype": "int32", "shape": [1, null]},
                "segment_ids": {"dtype": "int32", "shape": [1, null]},
                "token_ids": {"dtype": "int32", "shape": [1, null]}},
     "outputs": {"probabilities": {"dtype": "float32", "shape": [1, 2]}},
     "task": {"task": "classification", "labels": ["no", "yes"], "text_column": "text",
              "pair_column": null, "label_column": "label", "sequence_length": 16,
              "dataset": "table"},
     "special_ids": {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}, "parity": 1e-6,
     "model": {"name": "model.tflite", "bytes": 3, "sha256": "00"},
     "vocabulary": [{"name": "vocab.txt", "bytes": 5, "sha256": "00"}]}
    """.trimIndent()

class ContractTest {
    @Test
    fun `what Python wrote is read`() {
        val contract = parseContract(CONTRACT.toByteArray())
        assertEquals(listOf("no", "yes"), assertIs<ClassificationSettings>(contract.task).labels)
        assertEquals(listOf(1, null), contract.inputs.getValue("token_ids").shape)
        assertEquals(2, contract.specialIds["cls"])
    }

    @Test
    fun `another version is refused and the cure is named`() {
        refused("got 3", "Export") { it.replace("\"format_version\": 2", "\"format_version\": 3") }
    }

    @Test
    fun `an unknown key is refused, and so is one that is missing`() {
        refused("extra") { it.replace("\"parity\": 1e-6", "\"parity\": 1e-6, \"extra\": 1") }
        refused("parity") { it.replace("\"parity\": 1e-6, ", "").replace(", \"parity\": 1e-6", "") }
        refused("'x'") { it.replace("\"dataset\": \"table\"", "\"dataset\": \"table\", \"x\": 1") }
    }

    @Test
    fun `values of another kind are refused`() {
        refused("damaged") { it.replace("\"bytes\": 3", "\"bytes\": true") }
        refused("damaged") { it.replace("\"shape\": [1, 2]", "\"shape\": 2") }
        refused("labels") { it.replace("\"labels\": [\"no\", \"yes\"]", "\"labels\": [\"no\"]") }
    }

    @Test
    fun `numbers and truths in quotes are refused`() {
        refused("kind") { it.replace("\"bytes\": 3", "\"bytes\": \"3\"") }
        refused("kind") { it.replace("\"sequence_length\": 16", "\"sequence_length\": \"16\"") }
        refused("kind") { it.replace("\"cls\": 2", "\"cls\": \"2\"") }
        val quoted = QUESTIONS.replace("\"version_2\": false", "\"version_2\": \"false\"")
        assertFailsWith<ContractException> { parseContract(quoted.toByteArray()) }
        parseContract(QUESTIONS.toByteArray())
    }

    @Test
    fun `text that is not UTF-8 is refused, and so are values without a bottom`() {
        val broken = CONTRACT.toByteArray().also { it[3] = 0xff.toByte() }
        assertFailsWith<ContractException> { parseContract(broken) }
        for (key in listOf("format_version", "recipe", "x")) {
            val deep = "{\"$key\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}"
            assertFailsWith<ContractException> { parseContract(deep.toByteArray()) }
        }
    }

    @Test
    fun `a task that the app has no use for is named`() {
        refused(
            "regression",
        ) { it.replace("\"task\": \"classification\"", "\"task\": \"regression\"") }
    }

    @Test
    fun `names that leave the folder are refused`() {
        for (name in listOf("../model.tflite", "/model", "a\\\\b", "", "..")) {
            refused("plain files") { it.replace("model.tflite", name) }
        }
    }

    @Test
    fun `what is not an object of JSON is refused`() {
        for (text in listOf("", "[]", "3", "{", CONTRACT.dropLast(1), "nul\u0000")) {
            assertFailsWith<ContractException> { parseContract(text.toByteArray()) }
        }
    }

    private fun refused(
        vararg words: String,
        change: (String) -> String,
    ) {
        val changed = change(CONTRACT).toByteArray()
        val error = assertFailsWith<ContractException> { parseContract(changed) }
        for (word in words) assertContains(error.message.orEmpty(), word)
    }
}
