import type { Random } from '../core/random.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { GraphStore } from '../ports/graph-store.ts'
import type { Log } from '../ports/log.ts'
import type { RecordStore } from '../ports/record-store.ts'
import type { Signatures } from '../ports/signatures.ts'
import type { StoreHealth } from '../ports/store-health.ts'
import type { NextTurn } from '../ports/stores.ts'
import type { Transport } from '../ports/transport.ts'

/** What a grove is built on. */
export interface NodePorts {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly health: StoreHealth
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Default: the grove has no key. */
  readonly signatures?: Signatures | undefined
  /** Default: nothing else waits for the thread, so that long work need not pause. */
  readonly nextTurn?: NextTurn
  /** Draws so many bytes that nobody can guess, in hex. */
  readonly secret: (bytes: number) => string
}
