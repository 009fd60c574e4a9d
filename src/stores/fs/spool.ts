import { type FileHandle, open } from 'node:fs/promises'
import type { BufferPool } from '../../concurrency/buffer-pool.ts'
import { GatheredWrites } from '../../concurrency/gathered-writes.ts'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { storageError } from '../../core/errno.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import { PRIVATE_FILE } from './modes.ts'

/** Written bytes are synced each time there are so many, so that the last sync has little to do. */
const SYNC_BYTES = 8 * 1024 * 1024

interface SpoolOptions {
  readonly buffers: BufferPool
  /** Whether the memory of chunks that are gathered is freed. */
  readonly frees: boolean
}

/**
 * Writes chunks to a new file, hashing them on the way; resolves when all are on the disk.
 * Throws what the source throws; `storage-full`, `storage-failed`.
 */
export async function spool(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { buffers, frees }: SpoolOptions,
): Promise<BlobInfo> {
  const file = await Spool.create(path, buffers)
  try {
    for await (const chunk of chunks) {
      await file.write(chunk)
      if (frees) free(chunk)
    }
    return await file.finish()
  } finally {
    await file.close()
  }
}

/** Else it stays until V8 collects it, and many uploads fill much memory meanwhile. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** A file being written: one write and one sync run behind the chunks that arrive. */
class Spool {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #writes: GatheredWrites
  readonly #hasher = new CidHasher()
  #sizeBytes = 0
  #unsyncedBytes = 0
  #syncing: Promise<void> = Promise.resolve()

  private constructor(handle: FileHandle, path: string, buffers: BufferPool) {
    this.#handle = handle
    this.#path = path
    this.#writes = new GatheredWrites(buffers, {
      gathered: (bytes) => void this.#hasher.update(bytes),
      write: (bytes) => this.#disk(() => this.#append(bytes)),
    })
  }

  static async create(path: string, buffers: BufferPool): Promise<Spool> {
    try {
      return new Spool(await open(path, 'wx', PRIVATE_FILE), path, buffers)
    } catch (cause) {
      throw storageError(cause, { path })
    }
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#writes.add(chunk)
  }

  async finish(): Promise<{ hash: Cid; sizeBytes: number }> {
    await this.#writes.flush()
    await this.#syncing
    await this.#disk(() => this.#handle.datasync())
    return { hash: this.#hasher.digest(), sizeBytes: this.#sizeBytes }
  }

  /** Waits for the write and the sync under way: a file must not be closed under them. */
  async close(): Promise<void> {
    await this.#writes.end()
    await Promise.allSettled([this.#syncing])
    await this.#handle.close()
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#handle, bytes)
    this.#sizeBytes += bytes.byteLength
    this.#unsyncedBytes += bytes.byteLength
    if (this.#unsyncedBytes < SYNC_BYTES) return
    this.#unsyncedBytes = 0
    await this.#syncing
    this.#syncing = this.#disk(() => this.#handle.datasync())
    this.#syncing.catch(() => {})
  }

  async #disk(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      throw storageError(cause, { path: this.#path })
    }
  }
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
