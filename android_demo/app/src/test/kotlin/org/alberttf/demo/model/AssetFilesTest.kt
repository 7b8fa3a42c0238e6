package org.alberttf.demo.model

import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.FileNotFoundException
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

// A folder of assets that every platform has.
private const val FOLDER = "images"
private const val FILE = "android-logo-mask.png"

@RunWith(RobolectricTestRunner::class)
class AssetFilesTest {
    private val files = AssetFiles(RuntimeEnvironment.getApplication().assets, FOLDER)

    @Test
    fun `files of the folder are named`() = assertContains(files.names(), FILE)

    @Test
    fun `a file is mapped or read as it is`() {
        val content = files.map(FILE)
        assertTrue(content.isDirect)
        val bytes = ByteArray(content.remaining()).also(content::get)
        assertContentEquals(files.open(FILE).use { it.readBytes() }, bytes)
    }

    @Test
    fun `a folder that is not there is empty, and its files are not found`() {
        val missing = AssetFiles(RuntimeEnvironment.getApplication().assets, "no such folder")
        assertEquals(emptySet(), missing.names())
        assertFailsWith<FileNotFoundException> { missing.open("contract.json") }
        assertFailsWith<FileNotFoundException> { missing.map("model.tflite") }
    }
}
