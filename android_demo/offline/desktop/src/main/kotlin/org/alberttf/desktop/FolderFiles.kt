package org.alberttf.desktop

import org.alberttf.demo.model.LiteRtEngine
import org.alberttf.pipeline.runtime.EdgeModel
import org.alberttf.pipeline.runtime.ModelFiles
import java.io.File
import java.io.InputStream
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** An export in a folder on disk. */
class FolderFiles(
    private val folder: File,
) : ModelFiles {
    override fun names(): Set<String> = folder.list().orEmpty().toSet()

    override fun open(name: String): InputStream = folder.resolve(name).inputStream()

    override fun map(name: String): ByteBuffer =
        RandomAccessFile(folder.resolve(name), "r").use { file ->
            file.channel.map(FileChannel.MapMode.READ_ONLY, 0, file.length())
        }
}

/** Opens an export with the engine of the app. */
fun openModel(
    folder: File,
    threads: Int = 2,
): EdgeModel =
    EdgeModel.load(FolderFiles(folder)) { model, signature ->
        LiteRtEngine.open(model, signature, threads)
    }
