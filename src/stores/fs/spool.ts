import { type FileHandle, open } from 'node:fs/promises'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { storageError } from '../../core/errno.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import { PRIVATE_FILE } from './modes.ts'

/** Chunks are gathered into writes of this many bytes: each write costs a thread's round trip. */
const WRITE_BYTES = 1 * 1024 * 1024
/** Written bytes are synced each time there are so many, so that the last sync has little to do. */
const SYNC_BYTES = 8 * 1024 * 1024

/**
 * Writes chunks to a new file, hashing them on the way; resolves when all are on the disk.
 * Throws what the source throws; `storage-full`, `storage-failed`.
 */
export async function spool(path: string, chunks: AsyncIterable<Uint8Array>): Promise<BlobInfo> {
  const file = await Spool.create(path)
  try {
    for await (const chunk of chunks) await file.write(chunk)
    return await file.finish()
  } finally {
    await file.close()
  }
}

/**
 * A file being written: one write and one sync run behind the chunks that arrive. Chunks are copied
 * into one of two buffers that take turns: that is cheaper than keeping a socket's many small
 * buffers alive until they are written.
 */
class Spool {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #hasher = new CidHasher()
  #filling = Buffer.allocUnsafeSlow(WRITE_BYTES)
  #resting: Buffer<ArrayBuffer> | undefined
  #filledBytes = 0
  #sizeBytes = 0
  #unsyncedBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> = Promise.resolve()

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle
    this.#path = path
  }

  static async create(path: string): Promise<Spool> {
    try {
      return new Spool(await open(path, 'wx', PRIVATE_FILE), path)
    } catch (cause) {
      throw storageError(cause, { path })
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + WRITE_BYTES - this.#filledBytes)
      this.#filling.set(part, this.#filledBytes)
      this.#filledBytes += part.byteLength
      taken += part.byteLength
      if (this.#filledBytes === WRITE_BYTES) await this.#send()
    }
  }

  async finish(): Promise<{ hash: Cid; sizeBytes: number }> {
    await this.#send()
    await this.#writing
    await this.#syncing
    await this.#disk(() => this.#handle.datasync())
    return { hash: this.#hasher.digest(), sizeBytes: this.#sizeBytes }
  }

  /** Waits for the write and the sync under way: a file must not be closed under them. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing])
    await this.#handle.close()
  }

  async #send(): Promise<void> {
    const bytes = this.#filling.subarray(0, this.#filledBytes)
    this.#hasher.update(bytes)
    await this.#writing
    this.#filling = this.#resting ?? Buffer.allocUnsafeSlow(WRITE_BYTES)
    this.#resting = bytes
    this.#filledBytes = 0
    this.#sizeBytes += bytes.byteLength
    this.#unsyncedBytes += bytes.byteLength
    this.#writing = settled(this.#disk(() => writeAll(this.#handle, bytes)))
    if (this.#unsyncedBytes >= SYNC_BYTES) await this.#sync()
  }

  async #sync(): Promise<void> {
    await this.#syncing
    this.#unsyncedBytes = 0
    this.#syncing = settled(this.#disk(() => this.#handle.datasync()))
  }

  async #disk(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      throw storageError(cause, { path: this.#path })
    }
  }
}

/** The same promise. Its failure is not reported as unhandled before somebody awaits it. */
function settled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}

/**
 * Writes bytes where the last write ended, or at a position. The system may write only a part, as
 * on a disk that is nearly full: then the rest is tried again.
 */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const at = position === undefined ? null : position + written
    written += (await handle.write(bytes, written, null, at)).bytesWritten
  }
}
