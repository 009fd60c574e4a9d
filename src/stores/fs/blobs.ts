import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { BufferPool } from '../../concurrency/buffer-pool.ts'
import { type Cid, CidHasher, cidToBytes } from '../../core/cid.ts'
import { errnoOf, storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteRange,
  ByteSource,
  GetOptions,
  PartialBlob,
  PutOptions,
} from '../../ports/blob-store.ts'
import type { Log } from '../../ports/log.ts'
import { Assemblies } from '../partial/assemblies.ts'
import { receive } from '../receive.ts'
import { checkHash, damagedError, isUnreadable, rangeWithin, verified } from '../verify.ts'
import type { Damaged } from './damaged.ts'
import { FilePieces } from './file-pieces.ts'
import { lentChunks } from './lent-chunks.ts'
import { PRIVATE_DIRECTORY } from './modes.ts'
import { spool } from './spool.ts'
import { syncDirectory } from './sync-directory.ts'

/** Bytes of one read. Smaller reads cost more round trips to a thread; larger ones more memory. */
const READ_BYTES = 256 * 1024
/** From so many blobs that are read at once on, reads are smaller: each holds some in memory. */
const MANY_READS = 8
const READ_BYTES_OF_MANY = 128 * 1024

/** What a blob's file looked like when it was put. */
export interface FileStamp {
  readonly sizeBytes: number
  /** Unix ms. */
  readonly modifiedMs: number
}

/** The stamps of blob files. One that is lost does no harm: the file is then taken as it is. */
export interface FileStamps {
  get(hash: Cid): Promise<FileStamp | undefined>
  /** Nobody waits for it. */
  set(hash: Cid, stamp: FileStamp): void
  delete(hash: Cid): void
}

interface Parts {
  readonly stamps: FileStamps
  readonly damaged: Damaged
  readonly log: Log
}

/**
 * Blobs as files, `blobs/ab/cdef…` by the hex digits of their hash. They are written in `tmp/`, on
 * the same file system, and appear by rename once they are hashed and synced. A file that is read
 * whole is hashed again on the way, and one that changed since it was put before anything is said
 * about it; where it is damaged it is set aside and counts as missing.
 */
export class FileBlobs implements BlobStore {
  readonly #dir: string
  readonly #stamps: FileStamps
  readonly #damaged: Damaged
  readonly #shards = new Map<string, Promise<void>>()
  readonly #assemblies = new Assemblies()
  readonly #buffers = new BufferPool()
  /** Files that are being hashed again, by hash. */
  readonly #checks = new Map<Cid, Promise<boolean>>()
  #temporary = 0
  /** Blobs that are being read. */
  #reading = 0

  private constructor(dir: string, { stamps, damaged }: Parts) {
    this.#dir = dir
    this.#stamps = stamps
    this.#damaged = damaged
  }

  /** Opens a directory that only this process uses. Removes what a crash left in `tmp/`. */
  static async open(dir: string, parts: Parts): Promise<FileBlobs> {
    const blobs = new FileBlobs(dir, parts)
    await blobs.#disk(() => blobs.#prepare(parts.log))
    return blobs
  }

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const path = this.#temporaryPath()
    try {
      const { hash, sizeBytes } = await spool(path, receive(source, options), {
        buffers: this.#buffers,
        frees: options.gives === true,
      })
      checkHash(hash, options.expect)
      await this.#disk(() => this.#appear(path, hash))
      return { hash, sizeBytes }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }

  /** A file is never pending. */
  stage(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    return this.put(source, options)
  }

  async get(hash: Cid, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { range } = options
    // A whole read finds damage by itself. Of a range only the file's stamp can tell.
    if (range !== undefined && (await this.stat(hash)) === undefined) throw this.#absence(hash)
    const handle = await this.#open(hash)
    try {
      const { size } = await handle.stat()
      const { start, end } = rangeWithin(size, range)
      if (size > 0) {
        const chunks = this.#chunksOf(handle, { start, end }, options)
        const isWhole = start === 0 && end === size - 1
        return isWhole ? verified(chunks, hash, () => this.#condemn(hash)) : chunks
      }
    } catch (error) {
      await handle.close()
      throw error
    }
    await handle.close()
    return verified(receive(new Uint8Array(), options), hash, () => this.#condemn(hash))
  }

  #chunksOf(handle: FileHandle, range: ByteRange, options: GetOptions): AsyncIterable<Uint8Array> {
    const bytes = this.#reading < MANY_READS ? READ_BYTES : READ_BYTES_OF_MANY
    this.#reading++
    const onEnd = () => this.#reading--
    if (options.lends === true)
      return lentChunks(handle, { ...range, ...signalOf(options), bytes, onEnd })
    const signal = signalOf(options)
    const chunks = handle.createReadStream({ ...range, ...signal, highWaterMark: bytes })
    // Its signal may end it before anybody reads: who reads then gets the error all the same.
    return chunks.on('error', () => {}).once('close', onEnd)
  }

  async stat(hash: Cid): Promise<BlobInfo | undefined> {
    if (this.#damaged.has(hash)) return undefined
    const [found, stamp] = await Promise.all([this.#stamp(hash), this.#stamps.get(hash)])
    if (found === undefined) return undefined
    const { sizeBytes } = found
    if (stamp === undefined || isSame(stamp, found)) return { hash, sizeBytes }
    if (!(await this.#check(hash))) return undefined
    this.#stamps.set(hash, found)
    return { hash, sizeBytes }
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
      this.#stamps.delete(hash)
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

  /** Directories that are there are kept: on a full disk no other could be made. */
  async #prepare(log: Log): Promise<void> {
    const tmp = join(this.#dir, 'tmp')
    const leftovers = await readdir(tmp).catch(() => [])
    if (leftovers.length > 0)
      log.info('removing files left half written', { dir: this.#dir, count: leftovers.length })
    for (const name of leftovers) await rm(join(tmp, name), { recursive: true, force: true })
    const made = [await makeFolder(tmp), await makeFolder(join(this.#dir, 'blobs'))]
    if (made.includes(true)) await syncDirectory(this.#dir)
  }

  async #open(hash: Cid): Promise<FileHandle> {
    if (this.#damaged.has(hash)) throw this.#absence(hash)
    try {
      return await open(this.#pathOf(hash))
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') throw new GroveError('blob-missing', { hash }, { cause })
      throw storageError(cause, { hash })
    }
  }

  #absence(hash: Cid): GroveError {
    return this.#damaged.has(hash) ? damagedError(hash) : new GroveError('blob-missing', { hash })
  }

  /**
   * A read of the whole gave wrong bytes: the file is read once more before it is set aside, since
   * the fault may have been on the way. What the reader is to get.
   */
  async #condemn(hash: Cid): Promise<GroveError> {
    if (!(await this.#check(hash))) return damagedError(hash)
    const message = `${hash} was read wrong, and right the second time: try again`
    return new GroveError('storage-failed', { hash }, { message })
  }

  /** Whether a file has its hash. One that has not is set aside. */
  #check(hash: Cid): Promise<boolean> {
    const running = this.#checks.get(hash)
    if (running !== undefined) return running
    const check = this.#disk(() => this.#checkFile(hash)).finally(() => this.#checks.delete(hash))
    this.#checks.set(hash, check)
    return check
  }

  async #checkFile(hash: Cid): Promise<boolean> {
    const path = this.#pathOf(hash)
    try {
      if ((await hashOfFile(path)) === hash) return true
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false
      if (!isUnreadable(cause)) throw cause
    }
    await this.#damaged.keepFile(hash, path)
    return false
  }

  /** The rename makes the blob visible; syncing its directory makes it durable. */
  async #appear(path: string, hash: Cid): Promise<void> {
    await this.#makeShard(shardOf(hash))
    // A check must not set aside the file that takes the place of the damaged one.
    await this.#checks.get(hash)?.catch(() => {})
    await this.#move(path, hash)
    await syncDirectory(join(this.#dir, 'blobs', shardOf(hash)))
    const stamp = await this.#stamp(hash)
    if (stamp !== undefined) this.#stamps.set(hash, stamp)
    await this.#damaged.heal(hash)
  }

  /** A shard that somebody deleted under the running grove is made again. */
  async #move(path: string, hash: Cid): Promise<void> {
    try {
      await rename(path, this.#pathOf(hash))
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw cause
      this.#shards.delete(shardOf(hash))
      await this.#makeShard(shardOf(hash))
      await rename(path, this.#pathOf(hash))
    }
  }

  async #stamp(hash: Cid): Promise<FileStamp | undefined> {
    try {
      const { size, mtimeMs } = await stat(this.#pathOf(hash))
      return { sizeBytes: size, modifiedMs: mtimeMs }
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw storageError(cause, { hash })
    }
  }

  /** Makes a directory once; all who need it wait until it is durable. */
  #makeShard(shard: string): Promise<void> {
    const known = this.#shards.get(shard)
    if (known !== undefined) return known
    const made = makeFolder(join(this.#dir, 'blobs', shard)).then(() =>
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

const isSame = (a: FileStamp, b: FileStamp): boolean =>
  a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs

const signalOf = ({ signal }: GetOptions) => (signal === undefined ? {} : { signal })

/** Whether it was made: false where it was there. */
async function makeFolder(path: string): Promise<boolean> {
  return (await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY })) !== undefined
}

async function hashOfFile(path: string): Promise<Cid> {
  const handle = await open(path)
  const hasher = new CidHasher()
  for await (const chunk of handle.createReadStream({ highWaterMark: READ_BYTES }))
    hasher.update(chunk as Uint8Array)
  return hasher.digest()
}
