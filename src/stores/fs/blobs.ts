import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cid, cidToBytes } from '../../core/cid.ts'
import { errnoOf, storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteRange,
  ByteSource,
  PartialBlob,
  PutOptions,
} from '../../ports/blob-store.ts'
import type { Log } from '../../ports/log.ts'
import { Assemblies } from '../partial/assemblies.ts'
import { receive } from '../receive.ts'
import { checkHash, rangeWithin } from '../verify.ts'
import { FilePieces } from './file-pieces.ts'
import { spool } from './spool.ts'

/** Bytes of one read. Smaller reads cost more round trips to a thread; larger ones more memory. */
const READ_BYTES = 256 * 1024

/**
 * Blobs as files, `blobs/ab/cdef…` by the hex digits of their hash. They are written in `tmp/`, on
 * the same file system, and appear by rename once they are hashed and synced.
 */
export class FileBlobs implements BlobStore {
  readonly #dir: string
  readonly #shards = new Map<string, Promise<void>>()
  readonly #assemblies = new Assemblies()
  #temporary = 0

  private constructor(dir: string) {
    this.#dir = dir
  }

  /** Opens a directory that only this process uses. Removes what a crash left in `tmp/`. */
  static async open(dir: string, log: Log): Promise<FileBlobs> {
    const blobs = new FileBlobs(dir)
    await blobs.#disk(async () => {
      const leftovers = await readdir(join(dir, 'tmp')).catch(() => [])
      if (leftovers.length > 0)
        log.info('removing files left half written', { dir, count: leftovers.length })
      await rm(join(dir, 'tmp'), { recursive: true, force: true })
      await mkdir(join(dir, 'tmp'))
      await mkdir(join(dir, 'blobs'), { recursive: true })
      await syncDirectory(dir)
    })
    return blobs
  }

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const path = this.#temporaryPath()
    try {
      const { hash, sizeBytes } = await spool(path, receive(source, options))
      checkHash(hash, options.expect)
      await this.#disk(() => this.#appear(path, hash))
      return { hash, sizeBytes }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }

  async get(
    hash: Cid,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const handle = await this.#open(hash)
    try {
      const { size } = await handle.stat()
      const { start, end } = rangeWithin(size, options.range)
      if (size > 0)
        return handle.createReadStream({
          start,
          end,
          highWaterMark: READ_BYTES,
          ...signalOf(options),
        })
    } catch (error) {
      await handle.close()
      throw error
    }
    await handle.close()
    return receive(new Uint8Array(), options)
  }

  async stat(hash: Cid): Promise<BlobInfo | undefined> {
    try {
      const { size } = await stat(this.#pathOf(hash))
      return { hash, sizeBytes: size }
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw storageError(cause, { hash })
    }
  }

  async missing(hashes: readonly Cid[]): Promise<Cid[]> {
    const different = [...new Set(hashes)]
    const found = await Promise.all(different.map((hash) => this.stat(hash)))
    return different.filter((_, index) => found[index] === undefined)
  }

  async delete(hash: Cid): Promise<boolean> {
    try {
      await unlink(this.#pathOf(hash))
      await syncDirectory(join(this.#dir, 'blobs', shardOf(hash)))
      return true
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false
      throw storageError(cause, { hash })
    }
  }

  partial(hash: Cid, sizeBytes: number): Promise<PartialBlob> {
    return this.#assemblies.partial({ hash, sizeBytes }, () =>
      FilePieces.create(this.#temporaryPath(), (path) => this.#appear(path, hash)),
    )
  }

  close(): Promise<void> {
    return this.#assemblies.close()
  }

  async #open(hash: Cid): Promise<FileHandle> {
    try {
      return await open(this.#pathOf(hash))
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') throw new GroveError('blob-missing', { hash }, { cause })
      throw storageError(cause, { hash })
    }
  }

  /** The rename makes the blob visible; syncing its directory makes it durable. */
  async #appear(path: string, hash: Cid): Promise<void> {
    await this.#makeShard(shardOf(hash))
    await rename(path, this.#pathOf(hash))
    await syncDirectory(join(this.#dir, 'blobs', shardOf(hash)))
  }

  /** Makes a directory once; all who need it wait until it is durable. */
  #makeShard(shard: string): Promise<void> {
    const known = this.#shards.get(shard)
    if (known !== undefined) return known
    const made = mkdir(join(this.#dir, 'blobs', shard), { recursive: true }).then(() =>
      syncDirectory(join(this.#dir, 'blobs')),
    )
    made.catch(() => this.#shards.delete(shard))
    this.#shards.set(shard, made)
    return made
  }

  #temporaryPath(): string {
    return join(this.#dir, 'tmp', String(++this.#temporary))
  }

  #pathOf(hash: Cid): string {
    const hex = Buffer.from(cidToBytes(hash)).toString('hex')
    return join(this.#dir, 'blobs', hex.slice(0, 2), hex.slice(2))
  }

  async #disk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw storageError(cause, { dir: this.#dir })
    }
  }
}

const shardOf = (hash: Cid): string => hash.slice('blake3:'.length, 'blake3:'.length + 2)

const signalOf = ({ signal }: { signal?: AbortSignal }) => (signal === undefined ? {} : { signal })

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
