import type { Singleflight } from '../concurrency/singleflight.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Policy } from '../core/policy.ts'
import type { Random } from '../core/random.ts'
import type { SyncReport } from '../core/wire/federation.ts'
import type { FetchResult } from '../core/wire/fetch.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContributionStore, Provenance } from '../ports/contribution-store.ts'
import type { GraphIndex } from '../ports/graph-index.ts'
import type { Log } from '../ports/log.ts'
import type { RecordStore } from '../ports/record-store.ts'
import type { StubStore } from '../ports/stub-store.ts'
import type { Transport } from '../ports/transport.ts'
import type { GossipState } from '../protocol/gossip-state.ts'
import type { Input } from '../protocol/messages.ts'
import type { EventHub } from './events.ts'
import type { FetchedManifest } from './fetch/manifest.ts'
import type { AdvertisementVerifier } from './peers/advertisement-verifier.ts'
import type { PeerStore } from './peers/peer-store.ts'
import type { SyncState } from './sync/sync-state.ts'
import type { TransferSlots } from './transfer/transfer-slots.ts'

/** How a grove behaves; every field decided, defaults filled in by `src/config.ts`. Times in ms. */
export interface NodeConfig {
  readonly self: PeerAddress
  /** Whether other groves can reach this one: without that it takes no part in gossip, but asks and fetches. */
  readonly reachable: boolean
  readonly seeds: readonly PeerAddress[]
  readonly gossipIntervalMs: number
  readonly syncIntervalMs: number
  readonly policy: Policy
  readonly fetchTimeoutMs: number
}

/** What this grove has done since it was started. */
export interface Counters {
  /** Contributions that are new here, by where they came from. */
  readonly stored: Record<Provenance['origin'], number>
}

/** What a use case may touch. Built by `node.ts`; the stores and the transport are ports. */
export interface NodeContext {
  readonly config: NodeConfig
  readonly contributions: ContributionStore
  readonly index: GraphIndex
  readonly stubs: StubStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventHub
  readonly counters: Counters
  readonly peers: PeerStore
  /** Holds what peers claim against the manifests that are here. */
  readonly advertisements: AdvertisementVerifier
  /** Read-only look at the replica: views, federated frontier. Changes go through `tell`. */
  readonly gossip: GossipState
  /** Equal fetches under way are one. */
  readonly fetches: Singleflight<FetchResult>
  /** The manifests that fetches under way have brought, or wait for, by cid: each is asked for once. */
  readonly manifests: Singleflight<FetchedManifest>
  readonly rounds: Singleflight<SyncReport>
  /** The blobs that are on their way here. */
  readonly transfers: TransferSlots
  /** What background sync remembers between rounds. */
  readonly sync: SyncState
  /** Aborts when the grove closes; every wait inside a use case ends with it. */
  readonly closing: AbortSignal
  /** Runs a task that nobody waits for. See `Background`. */
  spawn(name: string, task: () => Promise<unknown>): void
  /** The same, after a while. */
  later(name: string, delayMs: number, task: () => Promise<unknown>): void
  /** Makes `close` wait for work that others wait for too. */
  track<T>(work: Promise<T>): Promise<T>
  /** Hands the replica an input and carries out what it wants done. */
  tell(input: Input): void
  /** Peers that may be asked now: the live ones, then configured seeds that have not answered yet. */
  askable(): PeerAddress[]
  /** To be called after anything was stored: the frontier may have changed, and these are here now. */
  stored(cids: readonly string[]): void
}
