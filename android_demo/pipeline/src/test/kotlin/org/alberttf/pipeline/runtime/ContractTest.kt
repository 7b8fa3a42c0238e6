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
        val contract = parseContract(CONTRACT)
        assertEquals(listOf("no", "yes"), assertIs<ClassificationSettings>(contract.task).labels)
        assertEquals(listOf(1, null), contract.inputs.getValue("token_ids").shape)
        assertEquals(2, contract.specialIds["cls"])
    }

    @Test
    fun `another version is refused and the cure is named`() {
        refused(CONTRACT.replace("\"format_version\": 2", "\"format_version\": 3"), "got 3", "Export")
    }

    @Test
    fun `an unknown key is refused, and so is one that is missing`() {
        refused(CONTRACT.replace("\"parity\": 1e-6", "\"parity\": 1e-6, \"extra\": 1"), "extra")
        refused(CONTRACT.replace("\"parity\": 1e-6, ", "").replace(", \"parity\": 1e-6", ""), "parity")
        refused(CONTRACT.replace("\"dataset\": \"table\"", "\"dataset\": \"table\", \"x\": 1"), "'x'")
    }

    @Test
    fun `values of another kind are refused`() {
        refused(CONTRACT.replace("\"bytes\": 3", "\"bytes\": true"), "damaged")
        refused(CONTRACT.replace("\"shape\": [1, 2]", "\"shape\": 2"), "damaged")
        refused(CONTRACT.replace("\"labels\": [\"no\", \"yes\"]", "\"labels\": [\"no\"]"), "labels")
    }

    @Test
    fun `a task that the app has no use for is named`() {
        refused(CONTRACT.replace("\"task\": \"classification\"", "\"task\": \"regression\""), "regression")
    }

    @Test
    fun `names that leave the folder are refused`() {
        for (name in listOf("../model.tflite", "/model", "a\\\\b", "", "..")) {
            refused(CONTRACT.replace("model.tflite", name), "plain files")
        }
    }

    @Test
    fun `what is not an object of JSON is refused`() {
        for (text in listOf("", "[]", "3", "{", CONTRACT.dropLast(1), "nul\u0000")) {
            assertFailsWith<ContractException> { parseContract(text) }
        }
    }

    private fun refused(
        text: String,
        vararg words: String,
    ) {
        val error = assertFailsWith<ContractException> { parseContract(text) }
        for (word in words) assertContains(error.message.orEmpty(), word)
    }
}
