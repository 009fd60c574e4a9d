import type { Rotation } from '../core/identity/rotation.ts'
import type { AdmissionMode } from '../core/peers/admission.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Policy } from '../core/policy.ts'
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

/** By which ids others may still know a grove. */
export interface FormerIds {
  /** The id that it had before groves had keys. */
  readonly formerly?: string
  /** Its changes of key, oldest first. */
  readonly rotations: readonly Rotation[]
}

/** How a grove behaves; `src/config.ts` fills in the defaults. Times in ms. */
export interface NodeConfig {
  readonly self: PeerAddress
  /** Default: none. */
  readonly former?: FormerIds
  /**
   * Whether other groves can reach this one. Otherwise it asks and fetches, and does not gossip.
   */
  readonly reachable: boolean
  readonly seeds: readonly PeerAddress[]
  /** Whether hubs call it on lines that it holds, though others may be able to dial it. */
  readonly leaf?: boolean
  /** Which groves may call this one. Default: all. */
  readonly admission?: AdmissionMode
  readonly gossipIntervalMs: number
  readonly syncIntervalMs: number
  readonly policy: Policy
  readonly fetchTimeoutMs: number
}

/** What a grove is put together from. */
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
