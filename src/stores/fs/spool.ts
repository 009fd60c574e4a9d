import { type FileHandle, open } from 'node:fs/promises'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { storageError } from '../../core/errno.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'

/** Chunks are gathered to writes of at least this many bytes: each costs a thread's round trip. */
const WRITE_BYTES = 1024 * 1024
/** Written bytes are sent to the disk each time this many have come, so that the final sync finds little left to do. */
const SYNC_BYTES = 32 * 1024 * 1024

/**
 * Writes chunks to a new file, hashing them on the way; resolves when all of it is on the disk. The chunks must not
 * change any more. Throws what the source throws; `storage-full`, `storage-failed`.
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

/** A file being written: one write and one sync are under way behind the chunks that come. */
class Spool {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #hasher = new CidHasher()
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
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
      return new Spool(await open(path, 'wx'), path)
    } catch (cause) {
      throw storageError(cause, { path })
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hasher.update(chunk)
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.byteLength
    if (this.#gatheredBytes >= WRITE_BYTES) await this.#send()
  }

  async finish(): Promise<{ hash: Cid; sizeBytes: number }> {
    await this.#send()
    await this.#writing
    await this.#syncing
    await this.#disk(() => this.#handle.datasync())
    return { hash: this.#hasher.digest(), sizeBytes: this.#sizeBytes }
  }

  /** Waits for what is under way: a file must not be closed under its writes. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing])
    await this.#handle.close()
  }

  async #send(): Promise<void> {
    await this.#writing
    const [chunks, sizeBytes] = [this.#gathered, this.#gatheredBytes]
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#sizeBytes += sizeBytes
    this.#unsyncedBytes += sizeBytes
    this.#writing = settled(this.#disk(() => writeAll(this.#handle, chunks, sizeBytes)))
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

/** The same promise, its failure not lost but also not reported as unhandled before it is awaited. */
function settled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}

/** A write may be cut short, as by a disk that is nearly full: the rest is then tried by itself. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], sizeBytes: number): Promise<void> {
  if (sizeBytes === 0) return
  const { bytesWritten } = await handle.writev(chunks)
  if (bytesWritten < sizeBytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}
