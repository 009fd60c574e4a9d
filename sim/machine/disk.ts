import { type Cid, hashBytes } from '../../src/core/cid.ts'
import { GroveError } from '../../src/core/errors.ts'
import type { BlobStore } from '../../src/ports/blob-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import type { RecordStore } from '../../src/ports/record-store.ts'
import { MemoryBlobs } from '../../src/stores/memory/blobs.ts'
import { MemoryGraph } from '../../src/stores/memory/graph.ts'
import { MemoryRecords } from '../../src/stores/memory/records.ts'
import { receive } from '../../src/stores/receive.ts'
import type { Chance } from '../engine/chance.ts'
import { never, type Process } from '../engine/process.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { DiskConditions } from '../scenario/conditions.ts'

interface Options {
  readonly timeline: Timeline
  readonly chance: Chance
  readonly conditions: DiskConditions
  /** Called where the power fails in a write. */
  readonly crash: () => void
  readonly fault: (what: string) => void
  readonly violated: (what: string) => void
}

interface Stores {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
}

/**
 * A machine's disk. The memory stores hold what is durable and outlives a crash. A process works
 * on them through `open`: there a write takes time, may fail, and is lost or kept by a crash that
 * comes between its request and its acknowledgement.
 */
export class Disk {
  conditions: DiskConditions
  readonly graph: MemoryGraph
  readonly blobs = new MemoryBlobs()
  /** All hashes under which there is a blob. */
  readonly hashes = new Set<Cid>()
  /** Blobs that the disk has lost without being told to. */
  readonly forgotten = new Set<Cid>()
  readonly #records = new MemoryRecords()
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
    this.graph = new MemoryGraph(options.chance.fork('log'))
    this.conditions = options.conditions
  }

  /** The stores as one process sees them. What the one before left half written is gone. */
  open(process: Process): Stores {
    const { graph, blobs } = this
    void blobs.close()
    const records = this.#records
    const write = <T>(commit: () => Promise<T>): Promise<T> => this.#write(process, commit)
    return {
      graph: changed(graph, {
        put: (contribution, provenance) => write(() => graph.put(contribution, provenance)),
        putStub: (cid, promisedBy, since) => write(() => graph.putStub(cid, promisedBy, since)),
      }),
      blobs: changed(blobs, {
        put: async (source, options = {}) => {
          const bytes = await this.#taken(receive(source, options))
          return write(async () => {
            const info = await blobs.put(
              bytes,
              options.expect === undefined ? {} : { expect: options.expect },
            )
            this.#landed(info.hash)
            if (hashBytes(bytes) !== info.hash)
              this.#options.violated(`keeps other bytes under ${info.hash}`)
            return info
          })
        },
        partial: async (hash, sizeBytes) => {
          const partial = await blobs.partial(hash, sizeBytes)
          return changed(partial, {
            write: (offset, bytes) => write(() => partial.write(offset, bytes)),
            finish: () =>
              write(async () => {
                const info = await partial.finish()
                this.#landed(info.hash)
                return info
              }),
          })
        },
      }),
      records: changed(records, {
        set: (space, key, value) => write(() => records.set(space, key, value)),
        compareAndSet: (space, key, expected, next) =>
          write(() => records.compareAndSet(space, key, expected, next)),
        delete: (space, key) => write(() => records.delete(space, key)),
      }),
    }
  }

  #landed(hash: Cid): void {
    this.hashes.add(hash)
    this.forgotten.delete(hash)
  }

  /** Loses a blob, as a bad sector does. */
  async forget(hash: Cid): Promise<void> {
    if (!(await this.blobs.delete(hash))) return
    this.hashes.delete(hash)
    this.forgotten.add(hash)
  }

  /** A blob's bytes, whatever has become of them. */
  async bytesOf(hash: Cid): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of await this.blobs.get(hash)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** Hashes under which the disk holds other bytes. */
  async corrupt(): Promise<Cid[]> {
    const wrong: Cid[] = []
    for (const hash of this.hashes)
      if (hashBytes(await this.bytesOf(hash)) !== hash) wrong.push(hash)
    return wrong
  }

  async #taken(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const torn = this.#happens('torn')
    const chunks: Uint8Array[] = []
    for await (const chunk of source) {
      chunks.push(chunk)
      if (torn) throw new GroveError('storage-failed', {}, { message: 'EIO: torn write' })
    }
    return Buffer.concat(chunks)
  }

  async #write<T>(process: Process, commit: () => Promise<T>): Promise<T> {
    const { timeline, crash } = this.#options
    await process.lived(timeline.delay(this.#latency()))
    if (this.#happens('full'))
      throw new GroveError('storage-full', {}, { message: 'ENOSPC: no space left' })
    if (this.#happens('fail'))
      throw new GroveError('storage-failed', {}, { message: 'EIO: i/o error' })
    if (this.#happens('crash')) {
      crash()
      return never()
    }
    const outcome = await commit()
    if (this.#happens('crash')) {
      crash()
      return never()
    }
    await process.lived(timeline.delay(this.#latency()))
    return outcome
  }

  #happens(fault: 'full' | 'fail' | 'torn' | 'crash'): boolean {
    const happens = this.#options.chance.happens(this.conditions[fault])
    if (happens) this.#options.fault(`disk: ${fault}`)
    return happens
  }

  #latency(): number {
    return this.#options.chance.between(this.conditions.latencyMs)
  }
}

/** The store with some of its methods replaced; the others stay the store's own. */
function changed<T extends object>(store: T, methods: Partial<T>): T {
  return new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(methods, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
