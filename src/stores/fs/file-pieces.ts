import { type FileHandle, open, rm } from 'node:fs/promises'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { storageError } from '../../core/errno.ts'
import type { Pieces } from '../partial/pieces.ts'
import { PRIVATE_FILE } from './modes.ts'
import { writeAll } from './spool.ts'

/** Written bytes are synced each time there are so many, so that the last sync has little to do. */
const SYNC_BYTES = 32 * 1024 * 1024
/** Bytes of one read while the whole is hashed. */
const READ_BYTES = 1024 * 1024

/** Pieces in a file of their own, which is open until it is published or discarded. */
export class FilePieces implements Pieces {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #appear: (path: string) => Promise<void>
  #unsyncedBytes = 0

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
    await this.#disk(async () => {
      await writeAll(this.#handle, bytes, offset)
      this.#unsyncedBytes += bytes.byteLength
      if (this.#unsyncedBytes < SYNC_BYTES) return
      this.#unsyncedBytes = 0
      await this.#handle.datasync()
    })
  }

  async hash(): Promise<Cid> {
    const hasher = new CidHasher()
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    await this.#disk(async () => {
      for (let at = 0; ; ) {
        const { bytesRead } = await this.#handle.read(buffer, 0, READ_BYTES, at)
        if (bytesRead === 0) return
        hasher.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
    })
    return hasher.digest()
  }

  async publish(): Promise<void> {
    await this.#disk(async () => {
      await this.#handle.datasync()
      await this.#appear(this.#path)
      await this.#handle.close()
    })
  }

  async discard(): Promise<void> {
    await this.#disk(async () => {
      await this.#handle.close()
      await rm(this.#path, { force: true })
    })
  }

  async #disk(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      throw storageError(cause, { path: this.#path })
    }
  }
}
