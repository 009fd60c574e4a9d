import { type Cid, hashBytes } from '../../src/core/cid.ts'
import { GroveError } from '../../src/core/errors.ts'
import type { BlobStore } from '../../src/ports/blob-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import type { OriginStore } from '../../src/ports/origin-store.ts'
import type { RecordStore } from '../../src/ports/record-store.ts'
import type { StoreHealth } from '../../src/ports/store-health.ts'
import { MemoryBlobs } from '../../src/stores/memory/blobs.ts'
import { MemoryGraph } from '../../src/stores/memory/graph.ts'
import { healthy } from '../../src/stores/memory/open.ts'
import { receive } from '../../src/stores/receive.ts'
import { storedIn } from '../checkers/stored.ts'
import { never, type Process } from '../engine/process.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { DiskConditions } from '../scenario/conditions.ts'
import { DiskRecords } from './disk-records.ts'

interface Options {
  readonly timeline: Timeline
  readonly rng: Rng
  readonly conditions: DiskConditions
  /** Called when the power fails during a write. */
  readonly crash: () => void
  readonly fault: (what: string) => void
  readonly violated: (what: string) => void
}

interface Stores {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly health: StoreHealth
}

/**
 * A machine's disk. Its memory stores hold what is durable and outlives a crash. A process works on
 * them through `open`, where a write takes time and may fail. A crash between a write's request and
 * its acknowledgement loses it or keeps it.
 */
export class Disk {
  conditions: DiskConditions
  readonly graph: MemoryGraph
  readonly blobs = new MemoryBlobs()
  /** The hashes of all blobs on the disk. */
  readonly hashes = new Set<Cid>()
  /** Blobs that the disk lost by itself. */
  readonly forgotten = new Set<Cid>()
  readonly records = new DiskRecords()
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
    this.graph = new MemoryGraph(options.rng.fork('log'))
    this.conditions = options.conditions
  }

  /** The stores as one process sees them. What the process before left half written is gone. */
  open(process: Process): Stores {
    const { graph, blobs, records } = this
    void blobs.close()
    const write = <T>(commit: () => Promise<T>): Promise<T> => this.#write(process, commit)
    const put: BlobStore['put'] = async (source, options = {}) => {
      const bytes = await this.#received(receive(source, options))
      return write(async () => {
        const expect = options.expect === undefined ? {} : { expect: options.expect }
        const info = await blobs.put(bytes, expect)
        this.#landed(info.hash)
        if (hashBytes(bytes) !== info.hash)
          this.#options.violated(`keeps other bytes under ${info.hash}`)
        return info
      })
    }
    // Where nothing is made of anybody, nothing is to be noted.
    const judge: OriginStore['judge'] = (counting) =>
      counting.standings.size === 0
        ? graph.origins.judge(counting)
        : write(() => graph.origins.judge(counting))
    return {
      graph: withMethods(graph, {
        put: (...item) => write(() => graph.put(...item)),
        origins: withMethods(graph.origins, {
          add: (...origins) => write(() => graph.origins.add(...origins)),
          judge,
          recount: () => write(() => graph.origins.recount()),
        }),
        putStub: (cid, promisedBy, since) => write(() => graph.putStub(cid, promisedBy, since)),
      }),
      blobs: withMethods(blobs, {
        put,
        stage: put,
        partial: async (hash, sizeBytes) => {
          const partial = await blobs.partial(hash, sizeBytes)
          return withMethods(partial, {
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
      records: withMethods(records, {
        set: (space, key, value) => write(() => records.set(space, key, value)),
        compareAndSet: (space, key, expected, next) =>
          write(() => records.compareAndSet(space, key, expected, next)),
        delete: (space, key) => write(() => records.delete(space, key)),
      }),
      health: healthy,
    }
  }

  #landed(hash: Cid): void {
    this.hashes.add(hash)
    this.forgotten.delete(hash)
  }

  /** Takes over what another disk holds: a copied directory, in which nothing is this grove's own. */
  async copy({ graph, blobs, hashes, records }: Disk): Promise<void> {
    await this.records.copy(records)
    for (const stored of await storedIn(graph)) {
      const { own: _, ...provenance } = stored.provenance
      await this.graph.put(stored, provenance)
      for (const [cid, origins] of await graph.origins.of([stored.cid]))
        await this.graph.origins.add(cid, origins, 'peer')
    }
    for (const hash of hashes) {
      await this.blobs.put(await blobs.get(hash))
      this.#landed(hash)
    }
  }

  /** Loses a blob, as with a bad sector. */
  async forget(hash: Cid): Promise<void> {
    if (!(await this.blobs.delete(hash))) return
    this.hashes.delete(hash)
    this.forgotten.add(hash)
  }

  /** The bytes that are kept under a hash, right or wrong. */
  async bytesOf(hash: Cid): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of await this.blobs.get(hash)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** The hashes whose bytes are wrong. */
  async corrupt(): Promise<Cid[]> {
    const wrong: Cid[] = []
    for (const hash of this.hashes)
      if (hashBytes(await this.bytesOf(hash)) !== hash) wrong.push(hash)
    return wrong
  }

  async #received(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
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
    await process.whileAlive(timeline.delay(this.#latency()))
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
    await process.whileAlive(timeline.delay(this.#latency()))
    return outcome
  }

  #happens(fault: 'full' | 'fail' | 'torn' | 'crash'): boolean {
    const happens = this.#options.rng.happens(this.conditions[fault])
    if (happens) this.#options.fault(`disk: ${fault}`)
    return happens
  }

  #latency(): number {
    return this.#options.rng.between(this.conditions.latencyMs)
  }
}

/** The store with some of its methods replaced. */
function withMethods<T extends object>(store: T, methods: Partial<T>): T {
  return new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(methods, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
