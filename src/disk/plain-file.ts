import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises'

/**
 * Files in folders that somebody else may have filled: an unpacked archive, a clone. To open a pipe
 * there would wait for ever, a device may have no end, and a link leads to another file.
 */

/** Bytes of one read. */
const CHUNK_BYTES = 64 * 1024

/** The bytes of a file; undefined if it is no plain file, or longer. Rejects as `open` does. */
export async function readPlainFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  // Without O_NONBLOCK, a pipe is opened when somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return (await file.stat()).isFile() ? await wholeOf(file, maxBytes) : undefined
  } finally {
    await file.close()
  }
}

/** The size says nothing: a file may grow, and those of /proc have none. */
async function wholeOf(file: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let readBytes = 0
  while (readBytes <= maxBytes) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES)
    if (bytesRead === 0) return Buffer.concat(chunks)
    chunks.push(buffer.subarray(0, bytesRead))
    readBytes += bytesRead
  }
  return undefined
}

/**
 * Writes a file in one step, by a rename: nobody reads half of it, and a link in its place is
 * replaced, where writing would go through it.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const next = `${path}.new`
  await rm(next, { force: true })
  await writeFile(next, text, { flag: 'wx', mode })
  await rename(next, path)
}
