package org.alberttf.demo.model

import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

private const val FILE = "any_length.tflite"

/** An APK that holds the same model stored as it is, and compressed. */
@RunWith(RobolectricTestRunner::class)
class MappedAssetTest {
    private val assets = RuntimeEnvironment.getApplication().assets
    private val bytes =
        assertNotNull(javaClass.getResourceAsStream("/$FILE")).use { it.readBytes() }

    @Test
    fun `a stored model is mapped and a compressed one is read`() {
        // Only what is mapped is read-only.
        for ((folder, isMapped) in mapOf("stored" to true, "compressed" to false)) {
            val files = AssetFiles(assets, folder)
            assertEquals(setOf(FILE, "seven_tokens.tflite"), files.names())
            val content = files.map(FILE)
            assertTrue(content.isDirect)
            assertEquals(isMapped, content.isReadOnly, folder)
            assertContentEquals(bytes, ByteArray(content.remaining()).also(content::get))
        }
    }
}
