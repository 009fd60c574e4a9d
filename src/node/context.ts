import type { BufferPool } from '../concurrency/buffer-pool.ts'
import type { Singleflight } from '../concurrency/singleflight.ts'
import type { Slot } from '../concurrency/slots.ts'
import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { PackIndex } from '../core/contribution/pack-index.ts'
import type { Manifest } from '../core/contribution/schema.ts'
import type { GroveError } from '../core/errors.ts'
import type { KeyId } from '../core/identity/ed25519.ts'
import type { KeysView, StandingsView } from '../core/peers/counting.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { PeerRecord, Proof } from '../core/peers/peer-record.ts'
import type { Random } from '../core/random.ts'
import type { StandingEntry } from '../core/wire/access.ts'
import type { ClosureRecord } from '../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../core/wire/federation.ts'
import type { FetchResult } from '../core/wire/fetch.ts'
import type { Hub } from '../core/wire/join.ts'
import type { BlobStore, PartialBlob } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContributionStore, Provenance } from '../ports/contribution-store.ts'
import type { GraphIndex } from '../ports/graph-index.ts'
import type { Log } from '../ports/log.ts'
import type { OriginStore } from '../ports/origin-store.ts'
import type { Signing } from '../ports/signing.ts'
import type { StubStore } from '../ports/stub-store.ts'
import type { Along, ManifestAnswer, Transport } from '../ports/transport.ts'
import type { GossipState } from '../protocol/gossip-state.ts'
import type { Input } from '../protocol/messages.ts'
import type { NodeConfig, OwnConfig } from './config.ts'
import type { EventHub } from './events.ts'
import type { Health } from './health.ts'

/*
 * What each room may touch. A use case asks for the slice of its room, and `GroveNode` is all of
 * them. The rooms, and who may call whom:
 *
 *   read, serve, admit ← peers ← transfer ← fetch ← sync, publish, checkout ← node
 */

/** Letting others have the thread, between the steps of what may be long. */
export interface Breathing {
  /**
   * Undefined, or a promise of a later turn where the present one has worked for long. What needs
   * few of them, as an answer does, is brief, and doesn't wait for all walks.
   */
  breathe(isBrief?: boolean): Promise<void> | undefined
}

/** About how many of the latest works that were published here a peer was asked, and lacks. */
export interface TakenWork {
  readonly published: number
  readonly lacking: number
}

/** What people and agents ask of a grove: it reads what is here and calls nobody. */
export interface ReadContext extends Breathing {
  readonly config: OwnConfig
  readonly contributions: ContributionReader
  readonly index: GraphIndex
  readonly origins: Pick<OriginStore, 'of' | 'judgements'>
  readonly signing: Signing | undefined
  readonly stubs: Pick<StubStore, 'stub' | 'stubs'>
  readonly blobs: Pick<BlobStore, 'get' | 'stat' | 'missing'>
  readonly packs: PackIndexes
  readonly gists: Gists
  readonly health: Pick<Health, 'info'>
  readonly gossip: GossipView
  readonly peers: Pick<PeerRecords, 'record'>
  readonly access: {
    readonly standings: StandingsView<StandingEntry['standing']>
    readonly keys: KeysView
    readonly rotations: { presentOf<T extends string>(peerId: T): T | KeyId }
    readonly roster: { joined(): readonly unknown[] }
  }
  readonly hubs: { list(): Hub[] }
  readonly leaf: { readonly isLeaf: boolean; hubs(): PeerAddress[] }
  readonly sync: { takenBy(address: string): TakenWork | undefined }
  readonly transport: Pick<Transport, 'leaves'>
  readonly recounting: { readonly isUnderWay: boolean }
  readonly clock: Clock
}

/** What other groves ask of this one. */
export interface ServeContext extends Breathing {
  readonly contributions: ContributionReader
  readonly index: GraphIndex
  readonly blobs: Pick<BlobStore, 'stat' | 'get'>
  readonly marks: Marks
  readonly origins: Pick<OriginStore, 'of'>
}

/** Fingerprints of what is said about contributions. */
export interface Marks {
  /** Of the evidence about it. */
  evidence(cid: Cid): Promise<Mark>
  /** Of all that names it, replies included. */
  about(cid: Cid): Promise<Mark>
}

export interface Mark {
  readonly mark: string
  /** How many edges it covers. */
  readonly edges: number
  /** How many of them were read for it now; 0 where it was known. */
  readonly edgesRead: number
}

/** The door to the store. */
export interface AdmitContext {
  readonly contributions: ContributionStore
  readonly origins: Pick<OriginStore, 'of' | 'add'>
  /** Undefined where this grove has no key: then nothing is signed, and no signature is kept. */
  readonly signing: Signing | undefined
  readonly counters: Counters
  readonly events: Pick<EventHub, 'stored'>
  /** Aborts when the grove closes; every wait inside a use case ends with it. */
  readonly closing: AbortSignal
  /** Makes `close` wait for work that its caller waits for too. */
  track<T>(work: Promise<T>): Promise<T>
  /** Tells gossip that these are here now, and that the frontier may have changed. */
  stored(contributions: readonly Contribution[]): void
  /** Works have come or gone in these metrics, and signals may have moved. */
  moved(metrics: readonly string[]): void
}

/** Asking other groves, and remembering how they answered. */
export interface PeersContext extends Breathing {
  readonly config: Pick<NodeConfig, 'self' | 'seeds'>
  readonly contributions: ContributionReader
  readonly index: GraphIndex
  readonly stubs: Pick<StubStore, 'stub' | 'stubs'>
  readonly transport: Transport
  readonly peers: PeerRecords
  readonly seedWatch: SeedReports
  readonly faultLog: { note(peer: PeerAddress, error: GroveError): void }
  readonly gists: Gists
  readonly gossip: GossipView
  readonly clock: Clock
  readonly log: Log
  readonly events: Pick<EventHub, 'publish'>
  /** Hands gossip an input and carries out what it wants done. */
  tell(input: Input): void
  /** Peers that may be asked now: the live ones, then seeds that have not answered yet. */
  askable(): PeerAddress[]
  /** The seeds that the operator wrote, and the groves that were joined. */
  seeds(): readonly PeerAddress[]
}

/** Bringing blobs here. */
export interface TransferContext extends PeersContext {
  readonly blobs: BlobStore
  readonly transfers: Transfers
  track<T>(work: Promise<T>): Promise<T>
}

/** Bringing contributions here, with what belongs to them, also to publish and check out. */
export interface FetchContext extends TransferContext, AdmitContext {
  readonly config: Pick<NodeConfig, 'self' | 'seeds' | 'fetchTimeoutMs'>
  readonly contributions: ContributionStore
  readonly events: Pick<EventHub, 'publish' | 'stored'>
  readonly stubs: StubStore
  /** Equal fetches under way are one. */
  readonly fetches: Singleflight<FetchResult>
  /** The manifests of fetches under way, by cid: each is asked for once. */
  readonly manifests: Singleflight<FetchedManifest>
  /** The closures that are being asked for. */
  readonly closures: ClosureRequests
}

/** What a peer has answered so far. */
export interface ClosurePart {
  readonly records: readonly ClosureRecord[]
  /** Whether another fetch had asked already: it notes what the peer did right and wrong. */
  readonly isShared: boolean
}

/** The closure requests that are under way. */
export interface ClosureRequests {
  /**
   * Asks a peer, or joins who is asking it the same. Gives what came to `take`, also before it
   * throws what the request or the signal does.
   */
  ask(
    node: PeersContext,
    peer: PeerAddress,
    request: ClosureRequest,
    hooks: { readonly signal: AbortSignal; readonly take: (part: ClosurePart) => void },
  ): Promise<ClosureTrailer>
}

/** Fetching what nobody asked for. */
export interface SyncContext extends FetchContext {
  readonly config: NodeConfig
  readonly random: Random
  readonly marks: Marks
  readonly health: Pick<Health, 'damages'>
  /** Runs a task after a while, which nobody waits for; the last call for a name counts. */
  later(name: string, delayMs: number, task: () => Promise<unknown>): void
}

/** Contributions, to be read only: `admit` is the one way in. */
export type ContributionReader = Omit<ContributionStore, 'put'>

/** What gossip knows, to be read only: changes go through `tell`. */
export type GossipView = Pick<
  GossipState,
  | 'peers'
  | 'peer'
  | 'provenPeers'
  | 'livePeers'
  | 'admits'
  | 'localEntry'
  | 'federated'
  | 'providersOf'
  | 'advertisementsOf'
  | 'checkInvariants'
>

/** The indexes of packs that were read lately, by their hash. */
export interface PackIndexes {
  /** The index with a hash, which `read` reads if it is not kept. Failures are not kept. */
  get(hash: Cid, read: () => Promise<PackIndex>): Promise<PackIndex>
}

/** What advertisements are compared with, and lists show, of a contribution that is held. */
export interface Gist {
  readonly cid: Cid
  readonly manifest: Pick<Manifest, 'kind' | 'scores' | 'summary'> & {
    readonly agent: Pick<Manifest['agent'], 'agentId'>
  }
}

/** What gists are read with. */
export interface GistReader extends Breathing {
  readonly contributions: Pick<ContributionStore, 'bytes'>
}

/** The gists of contributions. Those looked at lately are not read again. */
export interface Gists {
  /** Those of the cids that are held, in their order. */
  each(node: GistReader, cids: Iterable<Cid>): AsyncGenerator<Gist, void, undefined>
}

/** What this grove has done since it was started. */
export interface Counters {
  /** Contributions that were new here, by where they came from. */
  readonly stored: Record<Provenance['origin'], number>
}

/** What is remembered of peers' deeds. A peer is the address that was dialled. */
export interface PeerRecords {
  readonly absences: Absences
  /** What the peer has done, and how far it is trusted now. */
  record(address: string): PeerRecord
  /** How far the peer is to be preferred, 0 to 1; 1/2 for an unknown one. */
  trust(address: string): number
  /** The most trusted first; equals keep their order. */
  order(peers: readonly PeerAddress[]): PeerAddress[]
  /** An advertisement of the peer's agrees with the manifest that it names. */
  advertisementConfirmed(address: string): void
  /** An advertisement of the peer's contradicts the manifest that it names. */
  advertisementContradicted(address: string, proof: Proof, error: Error): void
  /** So many bytes of the peer's were right: earlier failures count no longer. */
  bytesGood(address: string, count: number): void
  /** The peer answered as a grove: that it could not be reached before counts no longer. */
  answered(address: string): void
  /** The peer broke the protocol or was out of reach; `badBytes` of what it sent were wrong. */
  fault(address: string, error: unknown, badBytes?: number): void
}

/** Tells the operator whether configured seeds answer, and why not. Other peers are ignored. */
export interface SeedReports {
  failed(peer: PeerAddress, error: GroveError): void
  answered(peer: PeerAddress): void
}

/** What peers said lately that they don't have. */
export interface Absences {
  add(address: string, cid: Cid): void
  has(address: string, cid: Cid): boolean
  /** The peer holds it after all: it advertised it. */
  forget(address: string, cid: Cid): void
}

/** The blobs on their way: a bounded number in all and from each host, and each once. */
export interface Transfers {
  readonly blobs: Singleflight<Transferred>
  /** What has come of blobs that are not whole. */
  readonly kept: KeptPartials
  /** What comes is gathered in these. */
  readonly buffers: BufferPool
  /** Notes that somebody asked for a blob, until the returned function is called, once. */
  wantedByCaller(hash: Cid): () => void
  /** A slot for a transfer, once there is one. */
  enter(transfer: Transfer, signal: AbortSignal): Promise<Slot>
  /** Calls the watcher with the progress of a blob, until the returned function is called. */
  watch(hash: Cid, watcher: (progress: TransferProgress) => void): () => void
  tell(progress: TransferProgress): void
}

/** A transfer from one peer that wants a slot. */
export interface Transfer {
  readonly hash: Cid
  readonly address: string
  /** Of the whole blob, as far as it is known. */
  readonly sizeBytes: () => number | undefined
  /** Ends the transfer, which is slow: somebody else waits for its slot. */
  readonly displace: () => void
}

/** Unfinished blobs that a later transfer goes on with. */
export interface KeptPartials {
  /** What has come of a blob, which is the caller's from now on. */
  take(hash: Cid): PartialBlob | undefined
  keep(partial: PartialBlob): Promise<void>
}

/** How much of a blob has arrived. */
export interface TransferProgress {
  readonly hash: Cid
  readonly name?: string
  readonly receivedBytes: number
  readonly sizeBytes: number | undefined
  readonly peerId: string
}

export interface Transferred {
  /** All bytes that peers sent for it, those in vain too. */
  readonly bytesMoved: number
  readonly sizeBytes: number
}

/** A manifest that a peer sent, verified. */
export interface FetchedManifest {
  readonly contribution: Contribution
  readonly peer: PeerAddress
  readonly sizes: ManifestAnswer['sizes']
  readonly bytesMoved: number
  readonly along?: CameAlong | undefined
}

/** What came along with a manifest, not verified. */
export interface CameAlong extends Along {
  /** Of the closure, as it was asked for. */
  readonly ancestors: number
  /** Whether another fetch had asked for it, and notes what the peer did right and wrong. */
  readonly isShared: boolean
}
