package org.alberttf.pipeline.runtime

import java.nio.ByteBuffer
import java.security.MessageDigest

/**
 * The bytes of a whole file, which is what the contract says it is.
 *
 * @throws ContractException its size or checksum is another.
 */
internal fun FileRecord.checked(content: ByteArray): ByteArray {
    check(content.size.toLong(), MessageDigest.getInstance("SHA-256").digest(content))
    return content
}

/** The same for a mapped file, whose position stays where it is. */
internal fun FileRecord.checked(content: ByteBuffer): ByteBuffer {
    val digest = MessageDigest.getInstance("SHA-256").apply { update(content.duplicate()) }
    check(content.remaining().toLong(), digest.digest())
    return content
}

private fun FileRecord.check(
    size: Long,
    digest: ByteArray,
) {
    if (size != bytes) {
        throw ContractException("$name must have $bytes bytes; got $size. Export again.")
    }
    val found = digest.joinToString("") { "%02x".format(it) }
    if (found != sha256) {
        throw ContractException("$name does not match its checksum. Export again.")
    }
}
