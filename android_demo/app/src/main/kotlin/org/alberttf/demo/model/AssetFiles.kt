package org.alberttf.demo.model

import android.content.res.AssetFileDescriptor
import android.content.res.AssetManager
import org.alberttf.pipeline.runtime.ModelFiles
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.FileChannel

/** An export in the folder [folder] of the app's assets. */
class AssetFiles(
    private val assets: AssetManager,
    private val folder: String,
) : ModelFiles {
    override fun names(): Set<String> = assets.list(folder).orEmpty().toSet()

    override fun open(name: String): InputStream = assets.open("$folder/$name")

    override fun map(name: String): ByteBuffer =
        descriptor(name)?.use { file ->
            file.createInputStream().channel.use {
                it.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.length)
            }
        } ?: read(name)

    /** Null for a file that is compressed, or that is not there. */
    private fun descriptor(name: String): AssetFileDescriptor? =
        try {
            assets.openFd("$folder/$name")
        } catch (_: FileNotFoundException) {
            null
        }

    private fun read(name: String): ByteBuffer =
        open(name).use { stream ->
            // An asset knows its whole size.
            val content = ByteBuffer.allocateDirect(stream.available())
            val channel = Channels.newChannel(stream)
            do {
                val count = channel.read(content)
            } while (count > 0)
            if (content.hasRemaining() || stream.read() >= 0) {
                throw IOException("$folder/$name must have ${content.capacity()} bytes.")
            }
            // On older phones a ByteBuffer has no flip of its own.
            val buffer: Buffer = content
            buffer.flip()
            content
        }
}
