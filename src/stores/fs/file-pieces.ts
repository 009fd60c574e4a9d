import { type FileHandle, open, rm } from 'node:fs/promises'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { storageError } from '../../core/errno.ts'
import type { Pieces } from '../partial/pieces.ts'
import { PRIVATE_FILE } from './modes.ts'
import { writeAll } from './spool.ts'

/** Written bytes are synced each time there are so many, so that the last sync has little to do. */
const SYNC_BYTES = 8 * 1024 * 1024
/** Bytes of one read while the whole is hashed. */
const READ_BYTES = 1024 * 1024

/**
 * Pieces in a file of their own, which is open until it is published or discarded. Those that are
 * written in order are hashed on the way, so that a transfer from the start to the end is not read
 * again.
 */
export class FilePieces implements Pieces {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #appear: (path: string) => Promise<void>
  /** Of the first `#hashedBytes` as they were written; undefined where some were written anew. */
  #hasher: CidHasher | undefined = new CidHasher()
  #hashedBytes = 0
  #unsyncedBytes = 0
  #syncing: Promise<void> = Promise.resolve()

  private constructor(handle: FileHandle, path: string, appear: (path: string) => Promise<void>) {
    this.#handle = handle
    this.#path = path
    this.#appear = appear
  }

  /** `appear` gives the file its place. Throws `storage-full`, `storage-failed`. */
  static async create(path: string, appear: (path: string) => Promise<void>): Promise<FilePieces> {
    try {
      return new FilePieces(await open(path, 'wx+', PRIVATE_FILE), path, appear)
    } catch (cause) {
      throw storageError(cause, { path })
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#hash(offset, bytes)
    await this.#disk(() => writeAll(this.#handle, bytes, offset))
    this.#unsyncedBytes += bytes.byteLength
    if (this.#unsyncedBytes < SYNC_BYTES) return
    this.#unsyncedBytes = 0
    await this.#syncing
    this.#syncing = this.#disk(() => this.#handle.datasync())
    this.#syncing.catch(() => {})
  }

  async hash(): Promise<Cid> {
    const hasher = this.#hasher ?? new CidHasher()
    const from = this.#hasher === undefined ? 0 : this.#hashedBytes
    this.#hasher = undefined
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    await this.#disk(async () => {
      for (let at = from; ; ) {
        const { bytesRead } = await this.#handle.read(buffer, 0, READ_BYTES, at)
        if (bytesRead === 0) return
        hasher.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
    })
    return hasher.digest()
  }

  async publish(): Promise<void> {
    await this.#syncing
    await this.#disk(async () => {
      await this.#handle.datasync()
      await this.#appear(this.#path)
      await this.#handle.close()
    })
  }

  async discard(): Promise<void> {
    await this.#syncing.catch(() => {})
    await this.#disk(async () => {
      await this.#handle.close()
      await rm(this.#path, { force: true })
    })
  }

  #hash(offset: number, bytes: Uint8Array): void {
    if (offset < this.#hashedBytes) this.#hasher = undefined
    if (offset !== this.#hashedBytes) return
    this.#hasher?.update(bytes)
    this.#hashedBytes += bytes.byteLength
  }

  async #disk(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      throw storageError(cause, { path: this.#path })
    }
  }
}
